// ReDoc for one session. Its search is off: it needs a worker from a blob, which the page's
// Content-Security-Policy forbids.
"use strict";

larst.begin((spec, place) => {
  Redoc.init(spec, { disableSearch: true, hideDownloadButton: true, nativeScrollbars: true }, place);
});
