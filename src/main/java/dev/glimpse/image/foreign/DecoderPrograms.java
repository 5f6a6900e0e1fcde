package dev.glimpse.image.foreign;

import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecoderBusyException;
import dev.glimpse.image.DecoderUnavailableException;
import dev.glimpse.image.ForeignDecoder;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes HEIC, AVIF and JPEG XL by the programs of libheif and libjxl, as far as they are installed. Each picture has a process of its
 * own in a {@link Sandbox}, at most one for each processor runs at a time, and together they have a budget of memory. A picture that
 * makes a program fail, or take too much of anything, is refused; the server goes on. Safe for use by several threads.
 */
public final class DecoderPrograms implements ForeignDecoder {
    private static final Logger log = LoggerFactory.getLogger(DecoderPrograms.class);

    private static final Limits ASKING =
            new Limits(256L << 20, Duration.ofSeconds(5), 1L << 20, Duration.ofSeconds(30));

    /** Twice of what AVIFs and JPEG XLs of many pixels were seen to take, which is twice what HEICs take. */
    private static final long BYTES_PER_PIXEL = 32;

    private static final long BYTES_ALWAYS = 128L << 20;

    /** Noise as a JPEG takes 0.9 bytes a pixel; what is partly transparent, and so a PNG, is hardly noise. */
    private static final double RESULT_BYTES_PER_PIXEL = 1.5;

    private static final long RESULT_BYTES_ALWAYS = 16L << 20;

    /** What computes is ended by its processor time. This is for what hangs; a busy server shares its processors among many. */
    private static final int WALL_TIMES = 3;

    private static final String HEIF_PACKAGES = "apt-get install libheif-examples";

    // Signals, as exits of processes.

    private static final int TOO_MUCH_TIME = 128 + 24;
    private static final int TOO_LARGE_A_FILE = 128 + 25;
    private static final int KILLED = 128 + 9;

    private final @Nullable Sandbox sandbox;
    private final List<Program> programs;
    private final Set<ImageFormat> formats;
    private final MemoryBudget memory;
    private final long most;
    private final long least;

    private DecoderPrograms(
            FairScheduler scheduler, @Nullable Sandbox sandbox, List<Program> programs, long memory, int processors) {
        this.sandbox = sandbox;
        this.programs = programs;
        this.most = memory;
        this.least = memory / processors;
        this.memory = new MemoryBudget(scheduler, memory);
        Set<ImageFormat> codings = EnumSet.noneOf(ImageFormat.class);
        programs.forEach(program -> codings.addAll(program.codings()));
        this.formats = Collections.unmodifiableSet(codings);
    }

    /**
     * Looks for programs on this machine and asks them what they decode, which takes some tens of milliseconds. Says in the log what was
     * found.
     *
     * @param scheduler of all tickets that are used with this decoder
     * @param memory of all programs together, in bytes
     */
    public static DecoderPrograms find(FairScheduler scheduler, long memory) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("") + ":/usr/local/bin:/usr/bin:/bin";
        List<Path> folders = Stream.of(path.split(":"))
                .filter(folder -> folder.startsWith("/"))
                .map(Path::of)
                .distinct()
                .toList();
        return find(
                scheduler,
                memory,
                Runtime.getRuntime().availableProcessors(),
                folders,
                Path.of(System.getProperty("java.io.tmpdir")));
    }

    /**
     * @param path folders of programs
     * @param folders where each run has its own folder
     */
    static DecoderPrograms find(FairScheduler scheduler, long memory, int processors, List<Path> path, Path folders) {
        Sandbox sandbox = Sandbox.find(path, folders).orElse(null);
        List<Program> programs = sandbox == null ? List.of() : programs(sandbox, path);
        DecoderPrograms found = new DecoderPrograms(scheduler, sandbox, programs, memory, processors);
        found.tell();
        return found;
    }

    private static List<Program> programs(Sandbox sandbox, List<Path> path) {
        List<Program> programs = new ArrayList<>();
        // The newer name first.
        Sandbox.find("heif-dec", path)
                .or(() -> Sandbox.find("heif-convert", path))
                .map(program -> heif(sandbox, program))
                .filter(program -> !program.codings().isEmpty())
                .ifPresent(programs::add);
        Sandbox.find("djxl", path)
                .filter(program -> !ask(sandbox, program, "--version").isEmpty())
                .ifPresent(program ->
                        programs.add(new Program(program, Program.Kind.JXL, EnumSet.of(ImageFormat.JXL), false)));
        return List.copyOf(programs);
    }

    /** The decoders are plug-ins of their own in some distributions. */
    private static Program heif(Sandbox sandbox, Path program) {
        Set<ImageFormat> codings = EnumSet.noneOf(ImageFormat.class);
        String section = "";
        for (String line : ask(sandbox, program, "--list-decoders")) {
            if (line.endsWith("decoders:")) {
                section = line;
            } else if (line.startsWith("- ") && section.startsWith("HEIC")) {
                codings.add(ImageFormat.HEIC);
            } else if (line.startsWith("- ") && section.startsWith("AVIF")) {
                codings.add(ImageFormat.AVIF);
            }
        }
        boolean fastPng =
                ask(sandbox, program, "--help").stream().anyMatch(line -> line.contains("--png-compression-level"));
        return new Program(program, Program.Kind.HEIF, codings, fastPng);
    }

    private static List<String> ask(Sandbox sandbox, Path program, String question) {
        try (Child child = sandbox.run(List.of(program.toString(), question), ASKING)) {
            return child.exit() == 0 ? child.lines() : List.of();
        } catch (IOException e) {
            log.warn("{} cannot be run: {}", program, e.toString());
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    private void tell() {
        if (sandbox == null) {
            log.info("formats decoded=none of HEIC, AVIF, JPEG XL: {}", advice(ImageFormat.HEIC));
            return;
        }
        StringBuilder missing = new StringBuilder();
        Stream.of(ImageFormat.HEIC, ImageFormat.AVIF, ImageFormat.JXL)
                .filter(format -> !formats.contains(format))
                .forEach(format -> missing.append("; no %s: %s".formatted(format.title(), advice(format))));
        log.info(
                "formats decoded={} by={} sandbox={}{}",
                formats,
                programs.stream().map(program -> program.path().toString()).toList(),
                sandbox.isClosed() ? "bwrap" : "prlimit",
                missing);
        if (!programs.isEmpty() && !sandbox.isClosed()) {
            log.warn(
                    "decoders run with bounded memory and time and without environment, but see files and network, because bwrap"
                            + " is not installed or may not be used here: apt-get install bubblewrap");
        }
    }

    @Override
    public Set<ImageFormat> formats() {
        return formats;
    }

    @Override
    public String advice(ImageFormat format) {
        if (sandbox == null) {
            return "it lacks prlimit and timeout, without which no decoder is run (apt-get install util-linux coreutils)";
        }
        return switch (format) {
            case AVIF -> HEIF_PACKAGES + " libheif-plugin-dav1d (on Debian 12 the first alone)";
            case JXL -> "apt-get install libjxl-tools";
            default -> HEIF_PACKAGES + " libheif-plugin-libde265 (on Debian 12 the first alone)";
        };
    }

    @Override
    public Picture open(ImageFormat format, byte[] bytes) {
        Header header = Header.of(format, bytes);
        Program program = programs.stream()
                .filter(one -> one.codings().contains(header.coding()))
                .findFirst()
                .orElseThrow(() ->
                        new UnsupportedImageException("a picture coded as %s, and this server has no decoder for it: %s"
                                .formatted(header.coding().title(), advice(header.coding()))));
        return new AnnouncedPicture(format, bytes, header, program);
    }

    private final class AnnouncedPicture implements Picture {
        private final ImageFormat format;
        private final byte[] bytes;
        private final Header header;
        private final Program program;

        private AnnouncedPicture(ImageFormat format, byte[] bytes, Header header, Program program) {
            this.format = format;
            this.bytes = bytes;
            this.header = header;
            this.program = program;
        }

        @Override
        public long width() {
            return header.width();
        }

        @Override
        public long height() {
            return header.height();
        }

        @Override
        @SuppressWarnings("try") // the lease is held, not used
        public <T> T decode(Ticket ticket, Duration time, Duration patience, Function<byte[], T> reader) {
            long pixels = header.width() * header.height();
            long needed = Math.min(most, BYTES_ALWAYS + BYTES_PER_PIXEL * pixels);
            Limits limits = new Limits(
                    needed,
                    time,
                    RESULT_BYTES_ALWAYS + (long) (RESULT_BYTES_PER_PIXEL * pixels),
                    time.multipliedBy(WALL_TIMES));
            // So there is never more than one for each processor.
            try (Lease lease = memory.acquire(Math.max(needed, least), ticket, patience)) {
                return reader.apply(ticket.run(slice -> convert(limits)));
            } catch (TimeoutException e) {
                throw new DecoderBusyException("other pictures in formats like " + format.title()
                        + " have been decoded for " + patience.toMillis() + " ms; try again later");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DecoderBusyException("interrupted while a " + format.title() + " was decoded");
            }
        }

        private byte[] convert(Limits limits) throws InterruptedException {
            String input = "in." + format.extension();
            String output = Program.result(header.transparent());
            Sandbox room = sandbox;
            if (room == null) {
                throw new IllegalStateException("no program is run without a sandbox");
            }
            try (Child child = room.prepare(limits)) {
                child.write(input, bytes, header.hidden());
                room.run(child, program.command(input, output));
                if (child.exit() != 0) {
                    throw refusal(child);
                }
                return child.read(output).orElseThrow(() -> damaged("its decoder made nothing of it"));
            } catch (IOException e) {
                throw new DecoderUnavailableException(
                        "the decoder of " + format.title() + " cannot be run: " + e.getMessage());
            }
        }

        private RuntimeException refusal(Child child) {
            Limits limits = child.limits();
            if (child.ended().isEmpty()) {
                return new ImageTooSlowException("the decoder of %s did not end within %d ms"
                        .formatted(format.title(), limits.wallTime().toMillis()));
            }
            int exit = child.exit();
            if (exit == TOO_MUCH_TIME) {
                return new ImageTooSlowException(Duration.ofSeconds(limits.processorSeconds()));
            }
            if (exit == TOO_LARGE_A_FILE) {
                return new ImageTooLargeException(("the decoder of %s wanted to write more than %,d bytes,"
                                + " which is more than %dx%d pixels can take")
                        .formatted(format.title(), limits.fileSize(), width(), height()));
            }
            String said = child.said();
            if (exit == KILLED) {
                return new DecoderUnavailableException(
                        "the decoder of %s was killed by the system, which may lack memory".formatted(format.title()));
            }
            if (!Files.isExecutable(program.path())) {
                return new DecoderUnavailableException(
                        "the decoder of %s, %s, is no longer there".formatted(format.title(), program.path()));
            }
            if (exit > 128) {
                return new DamagedImageException(
                        "damaged %s: its decoder ended with signal %d; it may take at most %d MiB of memory"
                                .formatted(format.title(), exit - 128, limits.memory() >> 20));
            }
            if (Sandbox.failed(exit, said)) {
                return new DecoderUnavailableException("the decoder of " + format.title() + " cannot be run: " + said);
            }
            return damaged("its decoder says: " + (said.isEmpty() ? "exit " + exit : said));
        }

        private DamagedImageException damaged(String reason) {
            return new DamagedImageException("damaged " + format.title() + ": " + reason);
        }
    }
}
