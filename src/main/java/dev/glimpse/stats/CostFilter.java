package dev.glimpse.stats;

import dev.glimpse.storage.RequestMeter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ContentCachingResponseWrapper;

/**
 * Says what a request has cost: if the request has the header {@code X-Glimpse-Cost}, the answer has it too, with the number of requests to
 * the bucket, the bytes, and the price in dollars, until the answer. The commit that the request shares with others comes later; the totals
 * of {@code /stats} have it. Holds the answer's body in memory. Safe for use by several threads.
 */
@Component
class CostFilter extends OncePerRequestFilter {
    private static final String HEADER = "X-Glimpse-Cost";

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return request.getHeader(HEADER) == null;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        RequestMeter account = new RequestMeter();
        // The header comes before the body, and the cost is known after it.
        ContentCachingResponseWrapper held = new ContentCachingResponseWrapper(response);
        try {
            RequestMeter.measure(account, () -> {
                chain.doFilter(request, held);
                return true;
            });
        } catch (ServletException | IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new ServletException(e);
        }
        RequestMeter.Totals cost = account.totals();
        held.setHeader(
                HEADER,
                "classA=%d, classB=%d, free=%d, bytesUp=%d, bytesDown=%d, dollars=%.8f"
                        .formatted(
                                cost.classA(),
                                cost.classB(),
                                cost.free(),
                                cost.bytesUp(),
                                cost.bytesDown(),
                                cost.dollars()));
        held.copyBodyToResponse();
    }
}
