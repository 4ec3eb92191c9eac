// Swagger UI for one session: whatever is tried out goes to that session.
"use strict";

larst.begin((spec) => {
  SwaggerUIBundle({
    spec,
    domNode: document.getElementById("api"),
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: (request) => {
      Object.assign(request.headers, larst.headers());
      return request;
    },
  });
});
