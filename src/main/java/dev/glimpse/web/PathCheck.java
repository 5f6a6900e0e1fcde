package dev.glimpse.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.http.HttpMethod;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.resource.NoResourceFoundException;

/**
 * Finds nothing at other spellings of a path that Spring takes for the path itself: with parameters, as {@code /stats;a=b}, and for the
 * actuator with a slash at the end. Safe for use by several threads.
 */
final class PathCheck implements HandlerInterceptor {
    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws NoResourceFoundException {
        String path = request.getRequestURI();
        if (path.contains(";") || (handler instanceof HandlerMethod && path.endsWith("/"))) {
            throw new NoResourceFoundException(HttpMethod.valueOf(request.getMethod()), path, path);
        }
        return true;
    }
}
