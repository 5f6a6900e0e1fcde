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
 * them for all. Pages, scripts and endpoints that are not ours are left alone, as links to them may carry marks for others. Safe for use
 * by several threads.
 */
final class ParameterCheck implements HandlerInterceptor {
    private static final String OURS = "dev.glimpse.";

    private final Map<Method, EndpointParameters> endpoints = new ConcurrentHashMap<>();

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        if (handler instanceof HandlerMethod endpoint
                && endpoint.getBeanType().getName().startsWith(OURS)) {
            parametersOf(endpoint).check(request);
        }
        return true;
    }

    private EndpointParameters parametersOf(HandlerMethod endpoint) {
        EndpointParameters known = endpoints.get(endpoint.getMethod());
        return known != null
                ? known
                : endpoints.computeIfAbsent(endpoint.getMethod(), method -> new EndpointParameters(endpoint));
    }
}
