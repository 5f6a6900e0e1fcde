package dev.glimpse.migration;

import dev.glimpse.request.InvalidQueryException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The models of the table: what they are, and each step from one to another. Every call may be repeated. */
@RestController
@RequestMapping(path = "/admin/models", produces = MediaType.APPLICATION_JSON_VALUE)
class ModelsController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    private final ModelChanges changes;

    ModelsController(ModelChanges changes) {
        this.changes = changes;
    }

    @GetMapping
    ModelChanges.State state() {
        return changes.state();
    }

    /**
     * Gives the table a column for a model.
     *
     * @return a {@link Quote} if that is all that is asked for; else the {@link ModelChanges.State}
     */
    @PostMapping
    ResponseEntity<?> start(
            @RequestParam String model,
            @RequestParam(defaultValue = "false") boolean dryRun,
            @RequestParam(required = false) @Nullable Double maxDollars) {
        if (maxDollars != null && !(maxDollars >= 0)) {
            throw new InvalidQueryException("maxDollars must be 0 or more: " + maxDollars);
        }
        if (dryRun) {
            return ResponseEntity.ok(changes.quote(model));
        }
        changes.start(model, maxDollars);
        audit.info("model added={}", model);
        return ResponseEntity.status(HttpStatus.ACCEPTED).body(changes.state());
    }

    /** Makes a model the active one: the new one, or the old one again. */
    @PutMapping("/active")
    ModelChanges.State activate(@RequestParam String model, @RequestParam(defaultValue = "false") boolean incomplete) {
        changes.activate(model, incomplete);
        audit.info("model active={}", model);
        return changes.state();
    }

    /** Takes the vectors of a model away. */
    @DeleteMapping
    ModelChanges.State drop(@RequestParam String model, @RequestParam(defaultValue = "false") boolean incomplete) {
        changes.drop(model, incomplete);
        audit.info("model dropped={}", model);
        return changes.state();
    }
}
