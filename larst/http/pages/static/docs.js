// Swagger UI for one session. Requests from its forms go to that session.
"use strict";

larst.complete({
  // A link within a button: the button opens the operation, and puts it into the address, too.
  ".opblock-summary-control a[href]": (link) => link.removeAttribute("href"),
  ".body-param__text:not([aria-label])": (field) => field.setAttribute("aria-label", "Request body"),
  ".copy-to-clipboard button:not([aria-label])": (button) => button.setAttribute("aria-label", "Copy"),
  "pre:not([tabindex])": (text) => text.setAttribute("tabindex", "0"), // it scrolls sideways
  // Ids that are there twice.
  "label[id]": (label) => label.removeAttribute("id"),
  ".opblock .servers select[id]": (field) => {
    field.removeAttribute("id");
    field.setAttribute("aria-label", "Server");
  },
});

larst.begin((spec, place, headers) => {
  SwaggerUIBundle({
    spec,
    domNode: place,
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: (request) => {
      Object.assign(request.headers, headers);
      return request;
    },
  });
});
