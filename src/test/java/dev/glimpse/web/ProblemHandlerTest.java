package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.ModelMismatchException;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.storage.StoreUnavailableException;
import java.io.FileNotFoundException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.BeanUtils;
import org.springframework.http.HttpStatus;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.multipart.MultipartException;

class ProblemHandlerTest {
    private static final String PLACE = "s3://photos at https://account.example and /srv/data";

    static Stream<RuntimeException> failuresThatNameAPlace() throws NoSuchMethodException {
        return Stream.of(
                new StoreUnavailableException(PLACE, null),
                new CompletionException(new StoreUnavailableException(PLACE, null)),
                ofTheTable(ForeignTableException.class),
                ofTheTable(ModelMismatchException.class),
                new RejectedExecutionException(PLACE));
    }

    /** Its constructor belongs to the table's package. */
    private static RuntimeException ofTheTable(Class<? extends RuntimeException> type) throws NoSuchMethodException {
        return BeanUtils.instantiateClass(type.getDeclaredConstructor(String.class), PLACE);
    }

    @Test
    void busyTableSaysAfterWhichTimeToTryAgain() {
        ProblemHandler handler = new ProblemHandler(new KnownPaths(Set::of));

        assertThat(handler.failed(new TableBusyException("busy", Duration.ofSeconds(37)))
                        .getHeaders()
                        .getFirst("Retry-After"))
                .isEqualTo("37");
        assertThat(handler.failed(new TableBusyException("busy")).getHeaders().getFirst("Retry-After"))
                .isEqualTo("5");
    }

    @AfterEach
    void forget() {
        RequestContextHolder.resetRequestAttributes();
    }

    private static void callerHas(String... scopes) {
        MockHttpServletRequest request = new MockHttpServletRequest();
        for (String scope : scopes) {
            request.addUserRole(scope);
        }
        RequestContextHolder.setRequestAttributes(new ServletRequestAttributes(request));
    }

    @ParameterizedTest
    @MethodSource("failuresThatNameAPlace")
    void callersWithoutTheScopeAdminLearnNoPlace(RuntimeException failure) {
        callerHas("read", "upload");

        assertThat(ProblemHandler.problemOf(failure).getDetail())
                .isNotBlank()
                .doesNotContain("photos")
                .doesNotContain("example")
                .doesNotContain("/srv");
    }

    @ParameterizedTest
    @MethodSource("failuresThatNameAPlace")
    void withoutARequestNobodyIsTrusted(RuntimeException failure) {
        assertThat(ProblemHandler.problemOf(failure).getDetail()).doesNotContain("photos");
    }

    @ParameterizedTest
    @MethodSource("failuresThatNameAPlace")
    void administratorsAreToldAll(RuntimeException failure) {
        callerHas("read", "admin");

        assertThat(ProblemHandler.problemOf(failure).getDetail()).contains(PLACE);
    }

    @Test
    void uploadThatFindsNoRoomOnTheDiskIsNoFaultOfTheClient() {
        var answer = new ProblemHandler(new KnownPaths(Set::of))
                .badMultipart(new MultipartException(
                        "cannot parse", new FileNotFoundException("/srv/tmp/upload_1.tmp (No space left on device)")));

        assertThat(answer.getStatusCode()).isEqualTo(HttpStatus.SERVICE_UNAVAILABLE);
        assertThat(String.valueOf(answer.getBody())).doesNotContain("/srv");
    }
}
