package dev.glimpse.consistency;

import dev.glimpse.request.InvalidQueryException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

@RestController
@RequestMapping(path = "/admin", produces = MediaType.APPLICATION_JSON_VALUE)
class VerifyController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    private final Verifier verifier;
    private final Recovery recovery;

    VerifyController(Verifier verifier, Recovery recovery) {
        this.verifier = verifier;
        this.recovery = recovery;
    }

    /** Compares pictures and rows in the background; {@code GET} tells how far it is and what it has found. */
    @PostMapping("/verify")
    @ResponseStatus(HttpStatus.ACCEPTED)
    Verifier.Report verify(
            @RequestParam(defaultValue = "100") long sample, @RequestParam(defaultValue = "false") boolean repair) {
        if (sample < 0) {
            throw new InvalidQueryException("sample must be 0 to " + Long.MAX_VALUE + ": " + sample);
        }
        verifier.start(sample, repair);
        audit.info("verify repair={}", repair);
        return verifier.report();
    }

    @GetMapping("/verify")
    Verifier.Report report() {
        return verifier.report();
    }

    /** Looks for what other servers have left behind, which happens at each start as well. */
    @PostMapping("/recover")
    @ResponseStatus(HttpStatus.ACCEPTED)
    void recover() {
        recovery.start();
        audit.info("recover");
    }
}
