// ReDoc for one session. Its search wants a worker made of a text, which this page's policy forbids.
"use strict";

larst.begin((spec, place) => {
  Redoc.init(spec, { disableSearch: true, hideDownloadButton: true, nativeScrollbars: true }, place);
});
