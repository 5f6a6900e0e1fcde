package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.logging.Level;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.support.ui.ExpectedConditions;
import org.openqa.selenium.support.ui.WebDriverWait;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The pages in a real browser. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class PagesBrowserIT {
    @TempDir
    static Path data;

    static ChromeDriver browser;

    @TempDir
    Path pictures;

    @LocalServerPort
    int port;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    @BeforeAll
    static void openBrowser() {
        browser = Browser.open();
    }

    @AfterAll
    static void closeBrowser() {
        if (browser != null) {
            browser.quit();
        }
    }

    @BeforeEach
    void openPage() {
        browser.get("http://127.0.0.1:" + port + "/");
        browser.manage().logs().get(LogType.BROWSER);
    }

    private static WebDriverWait patiently() {
        return new WebDriverWait(browser, Duration.ofSeconds(20));
    }

    private static WebElement await(String css) {
        return patiently().until(ExpectedConditions.visibilityOfElementLocated(By.cssSelector(css)));
    }

    private static void search(String text) {
        WebElement box = browser.findElement(By.id("text"));
        box.clear();
        box.sendKeys(text + "\n");
    }

    /** A failure of the page shows in the console, and so does a request that its policy forbids. */
    private static void consoleIsClean() {
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll()).isEmpty();
    }

    @Test
    void chosenFileIsUploadedAndFoundByASearchThatCanBeLinked() throws IOException {
        Path picture = Files.write(pictures.resolve("my picture.png"), TestPictures.png(101));

        browser.findElement(By.id("files")).sendKeys(picture.toString());

        assertThat(await("#uploads li.done .outcome").getText()).isEqualTo("added");
        search("my picture");
        await(".card img");
        assertThat(browser.findElements(By.cssSelector(".card .name")))
                .extracting(WebElement::getText)
                .contains("my picture.png");
        patiently()
                .until(driver -> Boolean.TRUE.equals(
                        browser.executeScript("return document.querySelector('.card img').naturalWidth > 0")));
        assertThat(browser.getCurrentUrl()).endsWith("?q=my%20picture");
        browser.navigate().refresh();
        await(".card img");
        consoleIsClean();
    }

    @Test
    void droppedFileIsUploaded() {
        String base64 = Base64.getEncoder().encodeToString(TestPictures.png(102));

        browser.executeScript("""
                const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0));
                const data = new DataTransfer();
                data.items.add(new File([bytes], 'dropped.png', {type: 'image/png'}));
                document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
                """, base64);

        assertThat(await("#uploads li.done .name").getText()).isEqualTo("dropped.png");
        consoleIsClean();
    }

    @Test
    void refusedFileSaysWhy() throws IOException {
        Path text = Files.writeString(pictures.resolve("note.png"), "no picture");

        browser.findElement(By.id("files")).sendKeys(text.toString());

        assertThat(await("#uploads li.failed .outcome").getText()).contains("look like text");
    }

    @Test
    void nothingThatAnUploaderWritesIsReadAsHtml() {
        String hostile = "<img src=x onerror=document.title=1>";
        new Client(port)
                .multipart(
                        "/upload",
                        List.of(
                                Client.Part.file(hostile.replace("/", ""), TestPictures.png(103)),
                                Client.Part.field("caption", hostile)));

        search("<script>document.title=2</script>");

        patiently()
                .until(driver -> browser.findElements(By.cssSelector(".card .name")).stream()
                        .anyMatch(name -> name.getText().equals(hostile)));
        assertThat(browser.getTitle()).isEqualTo("<script>document.title=2</script> – Glimpse");
        assertThat(browser.findElements(By.cssSelector(".card .name img"))).isEmpty();
        consoleIsClean();
    }

    @Test
    void statsPageShowsTheTableAndBuildsTheIndex() {
        new Client(port).upload("a.png", TestPictures.png(104));
        browser.get("http://127.0.0.1:" + port + "/stats");

        String rows = await("#tiles dd").getText();
        browser.findElement(By.id("build")).click();

        assertThat(Integer.parseInt(rows)).isPositive();
        assertThat(await("#indices tbody td").getText()).isEqualTo("vec_idx");
        assertThat(browser.findElement(By.id("columns")).getText()).contains("fixed_size_list<item: float>[512]");
        consoleIsClean();
    }

    private static String statusOfSwagger(String operation) {
        browser.findElement(By.cssSelector(operation + " .execute")).click();
        return await(operation + " .live-responses-table tbody .response-col_status")
                .getText();
    }

    @Test
    void swaggerUiUploadsAPictureAndSearches() throws IOException {
        String upload = "#operations-Pictures-uploadPictures";
        String search = "#operations-Search-searchPictures";
        Path picture = Files.write(pictures.resolve("tried.png"), TestPictures.png(105));
        browser.get("http://127.0.0.1:" + port + "/swagger-ui");

        await(upload + " .opblock-summary-control").click();
        await(upload + " .json-schema-form-item-add").click();
        await(upload + " input[type=file]").sendKeys(picture.toString());
        String uploaded = statusOfSwagger(upload);
        String command = await(upload + " .curl").getText();
        await(search + " .opblock-summary-control").click();
        await(search + " .execute");
        String found = statusOfSwagger(search);

        assertThat(uploaded).startsWith("201");
        assertThat(command.lines().filter(line -> line.strip().startsWith("-F")))
                .hasSize(2)
                .anyMatch(field -> field.contains("'file=@tried.png;type=image/png'"))
                .anyMatch(field -> field.contains("'durability=recoverable'"));
        assertThat(found).startsWith("200");
        assertThat(browser.findElements(By.cssSelector(".auth-wrapper .authorize")))
                .isNotEmpty();
        // The library warns of types that it has no field for; a request that the policy forbids would be an error.
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll())
                .noneMatch(entry -> entry.getLevel().equals(Level.SEVERE));
    }
}
