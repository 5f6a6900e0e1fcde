package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.springframework.util.ClassUtils;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Holds the records of settings, application.yml and docs/settings.md to each other. */
class DocumentedSettingsTest {
    private static final Path PAGE = Path.of("docs/settings.md");

    /** Variable and property of a line of the tables. */
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([A-Z0-9_{}]+)` \\| `([a-z0-9.{}-]+)` \\|");

    /** A variable that the server, or one of our scripts, reads. */
    private static final Pattern OURS =
            Pattern.compile("\\b(?:GLIMPSE|SERVER|SPRING|MANAGEMENT|R2)_[A-Z0-9_{}]*[A-Z0-9}]");

    /** Of settings whose values have a form. */
    private static final Map<String, String> VALUES_WITH_A_FORM = Map.of(
            "glimpse.access.origins", "https://example.org",
            "glimpse.access.keys.{name}.sha256", "ab".repeat(32),
            "glimpse.access.keys.{name}.scopes", "read,admin");

    /** In application.yml these have variables of their own. */
    private static final Map<String, String> NAMED = Map.of(
            "server.port", "PORT",
            "server.address", "GLIMPSE_ADDRESS",
            "glimpse.data", "GLIMPSE_DATA",
            "glimpse.model", "GLIMPSE_MODEL");

    /** Right for every setting of the type, and no default of any. */
    private static final Map<Type, String> VALUES = Map.of(
            int.class, "300",
            long.class, "300",
            double.class, "0.75",
            boolean.class, "true",
            Duration.class, "7s",
            DataSize.class, "700MB",
            Path.class, "/elsewhere",
            String.class, "elsewhere");

    // ---- defaults stand in the record and in application.yml

    static Stream<Class<?>> records() {
        ClassPathScanningCandidateComponentProvider scan = new ClassPathScanningCandidateComponentProvider(false);
        scan.addIncludeFilter(new AnnotationTypeFilter(ConfigurationProperties.class));
        return scan.findCandidateComponents("dev.glimpse").stream()
                .map(found -> String.valueOf(found.getBeanClassName()))
                .sorted()
                .map(name -> ClassUtils.resolveClassName(name, null));
    }

    @Test
    void everyRecordOfSettingsIsFound() {
        assertThat(records().map(Class::getSimpleName))
                .contains("AccessProperties", "R2Properties", "StorageProperties", "EmbeddingProperties")
                .hasSizeGreaterThanOrEqualTo(11);
        assertThat(records()).allMatch(Class::isRecord);
    }

    @ParameterizedTest
    @MethodSource("records")
    void defaultsOfTheRecordAreThoseOfTheFile(Class<?> type) {
        Object alone = bind(type, environment(Map.of(), Map.of(), false));

        Object withFile = bind(type, environment(Map.of(), Map.of(), true));

        assertThat(withFile).isEqualTo(alone);
    }

    @ParameterizedTest
    @MethodSource("records")
    void fileShowsEverySetting(Class<?> type) {
        StandardEnvironment file = environment(Map.of(), Map.of(), true);

        assertThat(properties(type).keySet())
                .filteredOn(property -> !property.contains("{name}"))
                .allMatch(file::containsProperty);
    }

    // ---- the page

    record Documented(String variable, String property) {
        /** With a name of a key. */
        Documented named() {
            return new Documented(variable.replace("{NAME}", "ME"), property.replace("{name}", "me"));
        }
    }

    static List<Documented> documented() throws IOException {
        List<Documented> rows = new ArrayList<>();
        Matcher row = ROW.matcher(Files.readString(PAGE));
        while (row.find()) {
            rows.add(new Documented(row.group(1), row.group(2)));
        }
        return rows;
    }

    @Test
    void pageHasEverySettingOfOurs() throws IOException {
        Set<String> ours = new TreeSet<>();
        records().forEach(type -> ours.addAll(properties(type).keySet()));

        assertThat(documented())
                .extracting(Documented::property)
                .doesNotHaveDuplicates()
                .containsAll(ours);
    }

    @ParameterizedTest
    @MethodSource("documented")
    void documentedPropertyIsOneOfOursOrOfSpring(Documented setting) throws IOException {
        Set<String> known = springProperties();
        records().forEach(type -> known.addAll(properties(type).keySet()));

        assertThat(setting.property()).isIn(known);
    }

    @ParameterizedTest
    @MethodSource("documented")
    void documentedVariableIsReadableAndSetsItsProperty(Documented setting) {
        String readable =
                setting.property().toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
        Documented named = setting.named();
        StandardEnvironment environment = environment(Map.of(named.variable(), "from the variable"), Map.of(), true);

        assertThat(setting.variable()).isEqualTo(NAMED.getOrDefault(setting.property(), readable));
        assertThat(Binder.get(environment).bind(named.property(), String.class).orElse("nothing"))
                .isEqualTo("from the variable");
    }

    @ParameterizedTest
    @CsvSource({
        "GLIMPSE_ACCESS_REQUESTSATONCE, glimpse.access.requests-at-once",
        "GLIMPSE_DECODE_MAXPIXELS, glimpse.decode.max-pixels",
        "SERVER_FORWARDHEADERSSTRATEGY, server.forward-headers-strategy"
    })
    void spellingWithoutUnderscoresGoesOnWorking(String variable, String property) {
        StandardEnvironment environment = environment(Map.of(variable, "from the variable"), Map.of(), true);

        assertThat(Binder.get(environment).bind(property, String.class).orElse("nothing"))
                .isEqualTo("from the variable");
    }

    @ParameterizedTest
    @MethodSource("records")
    void documentedVariablesReachTheRecord(Class<?> type) throws IOException {
        Map<String, String> values = new TreeMap<>();
        properties(type)
                .forEach((property, component) ->
                        values.put(property.replace("{name}", "me"), value(property, component)));
        Map<String, Object> variables = new HashMap<>();
        for (Documented setting : documented()) {
            String value = values.get(setting.named().property());
            if (value != null) {
                variables.put(setting.named().variable(), value);
            }
        }

        Object byVariables = bind(type, environment(variables, Map.of(), true));

        assertThat(byVariables)
                .isEqualTo(bind(type, environment(Map.of(), new HashMap<>(values), false)))
                .isNotEqualTo(bind(type, environment(Map.of(), Map.of(), true)));
    }

    @Test
    void variablesOfAllPagesAreOnThePageOfSettings() throws IOException {
        Set<String> known = new TreeSet<>(variables(Files.readString(PAGE)));
        Set<String> named = new TreeSet<>();
        for (String page : List.of("README.md", "CONTRIBUTING.md", "fly.toml")) {
            named.addAll(variables(Files.readString(Path.of(page))));
        }
        try (Stream<Path> pages = Files.list(Path.of("docs"))) {
            for (Path page :
                    pages.filter(path -> path.toString().endsWith(".md")).toList()) {
                named.addAll(variables(Files.readString(page)));
            }
        }

        assertThat(known).containsAll(named);
        assertThat(named).contains("GLIMPSE_DATA", "R2_ENDPOINT", "SERVER_FORWARD_HEADERS_STRATEGY");
    }

    @Test
    void variablesThatAreNoSettingsAreReadSomewhere() throws IOException {
        String page = Files.readString(PAGE);
        String table = page.substring(page.indexOf("## Variables that are no settings"));
        StringBuilder readers = new StringBuilder();
        for (String folder : List.of("scripts", "docker", "src/main/java")) {
            try (Stream<Path> files = Files.walk(Path.of(folder))) {
                for (Path file : files.filter(Files::isRegularFile)
                        .filter(path -> !path.toString().matches(".*\\.(jpg|md|tsv)"))
                        .toList()) {
                    readers.append(Files.readString(file));
                }
            }
        }
        List<String> variables = new ArrayList<>();
        Pattern.compile("(?m)^\\| (`[A-Z][^|]*) \\|")
                .matcher(table)
                .results()
                .forEach(row -> Pattern.compile("`([A-Z0-9_]+)`")
                        .matcher(row.group(1))
                        .results()
                        .forEach(name -> variables.add(name.group(1))));

        assertThat(variables)
                .contains("JAVA_OPTS", "NO_PROXY")
                .allSatisfy(name -> assertThat(readers.toString())
                        // Java puts the scheme and the rest of the name together.
                        .contains(name.endsWith("_PROXY") ? "_PROXY" : name));
    }

    private static Set<String> variables(String text) {
        Set<String> variables = new TreeSet<>();
        // With an ellipsis or a star in place of the rest it is no name.
        OURS.matcher(text.replaceAll("\\b[A-Z0-9_]+_(?:\\*|\\.\\.\\.)", ""))
                .results()
                .forEach(name -> variables.add(name.group()));
        return variables;
    }

    // ---- properties and their values

    /** Each setting of a record, with its type; for those of a map, {@code {name}} stands for a key. */
    private static Map<String, Type> properties(Class<?> type) {
        ConfigurationProperties annotation = type.getAnnotation(ConfigurationProperties.class);
        Map<String, Type> properties = new TreeMap<>();
        collect(annotation.value() + ".", type, properties);
        return properties;
    }

    private static void collect(String prefix, Class<?> type, Map<String, Type> properties) {
        for (RecordComponent component : type.getRecordComponents()) {
            String name =
                    prefix + component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
            if (Map.class.isAssignableFrom(component.getType())
                    && component.getGenericType() instanceof java.lang.reflect.ParameterizedType map
                    && map.getActualTypeArguments()[1] instanceof Class<?> each) {
                collect(name + ".{name}.", each, properties);
            } else {
                properties.put(name, component.getType());
            }
        }
    }

    private static String value(String property, Type type) {
        String value = VALUES_WITH_A_FORM.get(property);
        return Optional.ofNullable(value != null ? value : VALUES.get(type == Integer.class ? int.class : type))
                .orElseThrow(() -> new AssertionError("no value for " + property + ", which is a " + type));
    }

    private static Set<String> springProperties() throws IOException {
        Set<String> names = new TreeSet<>();
        for (URL metadata : Collections.list(DocumentedSettingsTest.class
                .getClassLoader()
                .getResources("META-INF/spring-configuration-metadata.json"))) {
            try (InputStream in = metadata.openStream()) {
                JsonNode properties = JsonMapper.shared().readTree(in).path("properties");
                properties
                        .valueStream()
                        .forEach(each -> names.add(each.path("name").asString()));
            }
        }
        return names;
    }

    // ---- binding

    private static Object bind(Class<?> type, StandardEnvironment environment) {
        ConfigurationProperties annotation = type.getAnnotation(ConfigurationProperties.class);
        return Binder.get(environment).bindOrCreate(annotation.value(), type);
    }

    /** Nothing of the machine's own environment. */
    private static StandardEnvironment environment(
            Map<String, Object> variables, Map<String, Object> properties, boolean file) {
        StandardEnvironment environment = new StandardEnvironment() {
            @Override
            protected void customizePropertySources(MutablePropertySources sources) {
                sources.addLast(new MapPropertySource("properties", properties));
                sources.addLast(
                        new SystemEnvironmentPropertySource(SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables));
            }
        };
        if (file) {
            for (PropertySource<?> each : application()) {
                environment.getPropertySources().addLast(each);
            }
        }
        ConfigurationPropertySources.attach(environment);
        return environment;
    }

    private static List<PropertySource<?>> application() {
        try {
            return new YamlPropertySourceLoader().load("application.yml", new ClassPathResource("application.yml"));
        } catch (IOException e) {
            throw new AssertionError("cannot read application.yml", e);
        }
    }
}
