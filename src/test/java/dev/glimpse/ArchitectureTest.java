package dev.glimpse;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The house: who may know whom, and who alone knows which outside world. */
@AnalyzeClasses(packages = "dev.glimpse", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("dev.glimpse.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule partsOfTheTableHaveNoCycles =
            slices().matching("dev.glimpse.dataset.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule partsOfTheTableAreKnownToTheTableAlone = noClasses()
            .that()
            .resideOutsideOfPackage("dev.glimpse.dataset..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.glimpse.dataset.*..");

    @ArchTest
    static final ArchRule fairnessKnowsNobody = onlyKnows("fairness");

    @ArchTest
    static final ArchRule fairnessNeedsTheJdkAlone = needsTheJdkAlone("fairness");

    @ArchTest
    static final ArchRule imageKnowsWhoGoesFirstAndHowItIsMeasured = onlyKnows("image", "fairness", "meters");

    @ArchTest
    static final ArchRule picturesDoNotKnowWhoDecodesThem = noClasses()
            .that()
            .resideInAPackage("dev.glimpse.image")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.glimpse.image.foreign");

    @ArchTest
    static final ArchRule programsAreStartedForDecodingAlone = noClasses()
            .that()
            .resideOutsideOfPackage("dev.glimpse.image.foreign")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ProcessBuilder.class);

    @ArchTest
    static final ArchRule vectorsKnowNobody = onlyKnows("vectors");

    @ArchTest
    static final ArchRule vectorsNeedTheJdkAlone = needsTheJdkAlone("vectors");

    @ArchTest
    static final ArchRule metersKnowNobody = onlyKnows("meters");

    @ArchTest
    static final ArchRule storageKnowsHowItIsMeasured = onlyKnows("storage", "meters");

    @ArchTest
    static final ArchRule embeddingKnowsPicturesVectorsAndWhoGoesFirst =
            onlyKnows("embedding", "image", "vectors", "fairness", "meters");

    @ArchTest
    static final ArchRule datasetKnowsPicturesVectorsAndTheStore =
            onlyKnows("dataset", "image", "vectors", "storage", "meters");

    @ArchTest
    static final ArchRule fetchKnowsNobody = onlyKnows("fetch");

    @ArchTest
    static final ArchRule requestKnowsWhoGoesFirst = onlyKnows("request", "fairness");

    @ArchTest
    static final ArchRule consistencyKnowsTheGroundFloor =
            onlyKnows("consistency", "request", "image", "vectors", "fairness", "embedding", "storage", "dataset");

    @ArchTest
    static final ArchRule uploadKnowsWhatItBringsAbout = onlyKnows(
            "upload",
            "request",
            "fetch",
            "consistency",
            "image",
            "vectors",
            "fairness",
            "embedding",
            "storage",
            "dataset",
            "meters");

    @ArchTest
    static final ArchRule picturesKnowHowTheyAreKept =
            onlyKnows("pictures", "request", "consistency", "image", "fairness", "storage", "dataset", "meters");

    @ArchTest
    static final ArchRule duplicatesKnowTheTableAndWhatWasDecided =
            onlyKnows("duplicates", "request", "image", "storage", "dataset");

    @ArchTest
    static final ArchRule searchKnowsTheTableAndTheModel =
            onlyKnows("search", "request", "image", "fairness", "storage", "embedding", "dataset", "vectors", "meters");

    @ArchTest
    static final ArchRule migrationKnowsTheTableAndTheModels = onlyKnows(
            "migration", "request", "consistency", "image", "vectors", "fairness", "embedding", "storage", "dataset");

    @ArchTest
    static final ArchRule sourcesKnowTheTableAndTheModel =
            onlyKnows("sources", "request", "consistency", "image", "fairness", "embedding", "storage", "dataset");

    @ArchTest
    static final ArchRule statsKnowsWhatItReports =
            onlyKnows("stats", "request", "image", "embedding", "storage", "dataset");

    @ArchTest
    static final ArchRule agentsKnowWhatTheyMayDo = onlyKnows(
            "mcp", "search", "duplicates", "pictures", "upload", "stats", "request", "fairness", "dataset", "image");

    @ArchTest
    static final ArchRule bulkKnowsHowUrlsAreFetched = onlyKnows("bulk", "fetch", "bulk.source");

    @ArchTest
    static final ArchRule moveKnowsWhatAStoreKeeps = onlyKnows("move", "storage", "dataset", "image");

    @ArchTest
    static final ArchRule sourcesOfBulkKnowNobody = onlyKnows("bulk.source");

    @ArchTest
    static final ArchRule sourcesOfBulkAloneKnowArchives = alone("bulk.source", "org.apache.commons.compress..");

    @ArchTest
    static final ArchRule nobodyKnowsAgents = noClasses()
            .that()
            .resideOutsideOfPackages("dev.glimpse.mcp", "dev.glimpse.web")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.glimpse.mcp");

    @ArchTest
    static final ArchRule webKnowsFailuresAndHowTheyAreTold = noClasses()
            .that()
            .resideInAPackage("dev.glimpse.web")
            .should()
            .dependOnClassesThat(com.tngtech.archunit.base.DescribedPredicate.describe(
                    "are ours, of another package and no exceptions",
                    type -> type.getPackageName().startsWith("dev.glimpse.")
                            && !type.getPackageName().equals("dev.glimpse.web")
                            && !type.getPackageName().equals("dev.glimpse.request")
                            && !type.isAssignableTo(Throwable.class)));

    @ArchTest
    static final ArchRule imagesNeedNoSpring = noClasses()
            .that()
            .resideInAPackage("dev.glimpse.image..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.springframework..");

    @ArchTest
    static final ArchRule embeddingAloneKnowsDjl = alone("embedding", "ai.djl..");

    @ArchTest
    static final ArchRule storageAloneKnowsTheS3Client = alone("storage", "software.amazon.awssdk..");

    @ArchTest
    static final ArchRule fetchAloneKnowsTheHttpClient = alone("fetch", "org.apache.hc..");

    @ArchTest
    static final ArchRule mcpAloneKnowsTheSdkOfItsProtocol = alone("mcp", "io.modelcontextprotocol..");

    @ArchTest
    static final ArchRule datasetAloneKnowsLance = alone("dataset.lance", "org.lance..");

    @ArchTest
    static final ArchRule wordsAloneKnowLucene = alone("dataset.words", "org.apache.lucene..");

    @ArchTest
    static final ArchRule datasetAloneKnowsArrow = alone("dataset.lance", "org.apache.arrow..");

    @ArchTest
    static final ArchRule theStartAndThreeClassesAloneKnowForeignFunctions = noClasses()
            .that()
            .resideOutsideOfPackage("dev.glimpse")
            .and()
            .haveNameNotMatching("dev\\.glimpse\\.(image\\.WebpEncoder|embedding\\.(EightBitEngine|Niceness)).*")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.jna..");

    @ArchTest
    static final ArchRule controllersAreForSpringAlone =
            classes().that().haveSimpleNameEndingWith("Controller").should().notBePublic();

    private static ArchRule onlyKnows(String name, String... others) {
        String[] allowed = new String[others.length + 1];
        allowed[0] = "dev.glimpse." + name + "..";
        for (int i = 0; i < others.length; i++) {
            allowed[i + 1] = "dev.glimpse." + others[i];
        }
        return noClasses()
                .that()
                .resideInAPackage("dev.glimpse." + name + "..")
                .should()
                .dependOnClassesThat(com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage(
                                "dev.glimpse..")
                        .and(com.tngtech.archunit.base.DescribedPredicate.not(
                                com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage(allowed))));
    }

    private static ArchRule needsTheJdkAlone(String name) {
        return noClasses()
                .that()
                .resideInAPackage("dev.glimpse." + name)
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages("dev.glimpse." + name, "java..", "org.jspecify.annotations");
    }

    private static ArchRule alone(String name, String library) {
        return noClasses()
                .that()
                .resideOutsideOfPackage(name.isEmpty() ? "dev.glimpse" : "dev.glimpse." + name + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library);
    }
}
