package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Playwright;
import dev.glimpse.testing.NodePackages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Debian's browser without a window, driven by Playwright. For one thread. */
final class Browser implements AutoCloseable {
    /** Where the first test on a machine installs what {@code src/test/browser} names. */
    private static final Path PACKAGES = Path.of("target/browser").toAbsolutePath();

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

    private final Playwright playwright;
    private final com.microsoft.playwright.Browser browser;

    private Browser(Playwright playwright) {
        this.playwright = playwright;
        this.browser = playwright
                .chromium()
                .launch(new LaunchOptions()
                        .setExecutablePath(CHROMIUM)
                        .setTimeout(120_000)
                        .setArgs(
                                List.of("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic")));
    }

    static Browser open() {
        assertThat(CHROMIUM).as("install Debian's package chromium").exists();
        try {
            NodePackages.install(Path.of("src/test/browser"), PACKAGES);
            Path driver = PACKAGES.resolve("package");
            try {
                Files.createSymbolicLink(driver, PACKAGES.resolve("node_modules/playwright-core"));
            } catch (FileAlreadyExistsException e) {
                // An earlier test has made it, or one in another process.
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        System.setProperty("playwright.cli.dir", PACKAGES.toString());
        return new Browser(Playwright.create(new Playwright.CreateOptions()
                .setEnv(Map.of("PLAYWRIGHT_NODEJS_PATH", "node", "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))));
    }

    /** The script that looks for barriers in a page. */
    static String axe() {
        try {
            return Files.readString(PACKAGES.resolve("node_modules/axe-core/axe.min.js"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    com.microsoft.playwright.Browser chromium() {
        return browser;
    }

    @Override
    public void close() {
        playwright.close();
    }
}
