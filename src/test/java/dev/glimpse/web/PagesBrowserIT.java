package dev.glimpse.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.options.FilePayload;
import dev.glimpse.testing.TestPictures;
import org.junit.jupiter.api.Test;

/** The other pages in a real browser. */
class PagesBrowserIT extends PageTest {
    private String statusOfSwagger(String operation) {
        page.locator(operation + " .execute").click();
        return page.locator(operation + " .live-responses-table tbody .response-col_status")
                .first()
                .innerText();
    }

    @Test
    void swaggerUiUploadsAPictureAndSearches() {
        String upload = "#operations-Pictures-uploadPictures";
        String search = "#operations-Search-searchPictures";
        page.navigate("/swagger-ui");

        page.locator(upload + " .opblock-summary-control").click();
        page.locator(upload + " .json-schema-form-item-add").first().click();
        page.locator(upload + " input[type=file]")
                .setInputFiles(new FilePayload("tried.png", "image/png", TestPictures.png(105)));
        String uploaded = statusOfSwagger(upload);
        String command = page.locator(upload + " .curl").first().innerText();
        page.locator(search + " .opblock-summary-control").click();
        String found = statusOfSwagger(search);

        assertThat(uploaded).startsWith("201");
        assertThat(command.lines().filter(line -> line.strip().startsWith("-F")))
                .hasSize(2)
                .anyMatch(field -> field.contains("'file=@tried.png;type=image/png'"))
                .anyMatch(field -> field.contains("'durability=recoverable'"));
        assertThat(found).startsWith("200");
        assertThat(page.locator(".auth-wrapper .authorize")).not().hasCount(0);
    }
}
