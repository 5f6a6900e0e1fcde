// No search, no validator of others: the page asks nobody but its own server.

// Swagger UI sends fields of a form that nobody has filled in as empty values, which the server would have to refuse.
function withoutEmptyFields(request) {
  if (request.body instanceof FormData) {
    for (const name of new Set(request.body.keys())) {
      if (request.body.getAll(name).every(value => value === '')) request.body.delete(name);
    }
  }
  return request;
}

SwaggerUIBundle({
  url: '/v3/api-docs',
  dom_id: '#api',
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: withoutEmptyFields,
});
