package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.web.AccessProperties.ApiKey;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.json.JsonMapper;

class AccessFilterTest {
    /** By it the processors are shared out. */
    @Test
    void whatComesAfterItKnowsTheCallerByName() throws Exception {
        assertThat(userOf(Map.of())).isEqualTo("local");
        assertThat(userOf(Map.of("alice", new ApiKey(Client.sha256("opensesame"), Set.of(Scope.READ), 5))))
                .isEqualTo("key:alice");
    }

    private static String userOf(Map<String, ApiKey> keys) throws Exception {
        AccessProperties settings = new AccessProperties(keys, 1200, 32, DataSize.ofKilobytes(8), List.of());
        AccessFilter filter = new AccessFilter(
                new Callers(settings, false, request -> true),
                new RateLimits(32),
                new Refusals(JsonMapper.shared()),
                new KnownPaths(Set::of),
                true);
        MockHttpServletRequest request = new MockHttpServletRequest("GET", "/stats");
        request.addHeader("X-API-Key", "opensesame");
        AtomicReference<String> user = new AtomicReference<>("nobody");

        filter.doFilter(
                request,
                new MockHttpServletResponse(),
                (passed, response) -> user.set(String.valueOf(((HttpServletRequest) passed).getRemoteUser())));

        return String.valueOf(user.get());
    }
}
