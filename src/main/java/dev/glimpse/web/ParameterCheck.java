package dev.glimpse.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Refuses a request that has a parameter which its endpoint does not have: who asks for {@code limt=5} would get ten results and take
 * them for all. Pages and scripts are left alone, as links to them may carry marks for others. Safe for use by several threads.
 */
final class ParameterCheck implements HandlerInterceptor {
    private static final String OURS = "dev.glimpse.";

    private static final EndpointParameters METRICS = EndpointParameters.lists("includedNames");
    private static final EndpointParameters NONE = EndpointParameters.lists();

    private final Map<Method, EndpointParameters> endpoints = new ConcurrentHashMap<>();

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        // OPTIONS asks about the path alone.
        boolean isAsked = !request.getMethod().equals("OPTIONS");
        if (isAsked && handler instanceof HandlerMethod endpoint) {
            parametersOf(endpoint, request).check(request);
        }
        return true;
    }

    private EndpointParameters parametersOf(HandlerMethod endpoint, HttpServletRequest request) {
        if (endpoint.getBeanType().getName().startsWith(OURS)) {
            return parametersOf(endpoint);
        }
        // The actuator reads parameters in another way. Of what is exposed only the metrics have one.
        return request.getRequestURI().endsWith("/prometheus") ? METRICS : NONE;
    }

    private EndpointParameters parametersOf(HandlerMethod endpoint) {
        EndpointParameters known = endpoints.get(endpoint.getMethod());
        return known != null
                ? known
                : endpoints.computeIfAbsent(endpoint.getMethod(), method -> new EndpointParameters(endpoint));
    }
}
