package telltale.harness;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import telltale.harness.protocol.Operations;
import telltale.harness.protocol.Promises;
import telltale.harness.protocol.Request;
import telltale.harness.protocol.Runner;
import telltale.harness.protocol.Unsupported;

/**
 * Puts a log or a cache in Java to the test of telltale-conformance: implement {@link Log} or {@link
 * Cache}, call {@link #serve()}.
 *
 * <p>What is not given is not judged, and what is not promised is not demanded. What is on the pipe
 * is in the package {@code telltale.harness.protocol}; here the operations on logs and caches find
 * the object that was opened under a number.
 */
public final class Harness {
    private final String name;
    private final String version;
    private final Set<String> capabilities = new LinkedHashSet<>();
    private final List<String> mends = new ArrayList<>();
    private Durability durability = Durability.VOLATILE;
    private String rejectionMode = "clean-reject";
    private Operations log = Harness::unsupported;
    private Operations cache = Harness::unsupported;
    private Operations others = Harness::unsupported;

    /** Describes a backend that promises nothing yet. */
    public Harness(String name, String version) {
        this.name = name;
        this.version = version;
    }

    /** Promises what it survives. */
    public Harness durability(Durability durability) {
        this.durability = durability;
        return this;
    }

    /** Promises something further, such as {@code ordered-cache}. */
    public Harness capability(String capability) {
        capabilities.add(capability);
        return this;
    }

    /** Says what a refused append leaves, if it is not {@code clean-reject}. */
    public Harness rejectionMode(String mode) {
        rejectionMode = mode;
        return this;
    }

    /** Names a finding that the backend mends. */
    public Harness mends(String finding) {
        mends.add(finding);
        return this;
    }

    /** Serves logs. */
    public Harness log(Opener<? extends Log> opener) {
        Opened<Log> logs = new Opened<>(opener);
        log = request -> performLog(logs, request);
        return this;
    }

    /** Serves caches. */
    public Harness cache(Opener<? extends Cache> opener) {
        Opened<Cache> caches = new Opened<>(opener);
        cache = request -> performCache(caches, request);
        return this;
    }

    /** Serves all other operations of the protocol: handlers, recovery and codec. */
    public Harness operations(Operations operations) {
        others = operations;
        return this;
    }

    /** Answers the runner until it leaves, and ends the program then. */
    public void serve() {
        Runner.serve(promises(), this::perform);
    }

    void serve(InputStream input, OutputStream output) throws IOException {
        Runner.serve(input, output, promises(), this::perform);
    }

    private Promises promises() {
        Set<String> all = new LinkedHashSet<>(durability.announced);
        all.addAll(capabilities);
        return new Promises(
                name,
                version,
                List.copyOf(all),
                rejectionMode,
                durability.protocolName,
                List.copyOf(mends));
    }

    private Object perform(Request request) throws Exception {
        String operation = request.operation();
        if (operation.startsWith("wal.")) {
            return log.perform(request);
        }
        if (operation.startsWith("cache.")) {
            return cache.perform(request);
        }
        return others.perform(request);
    }

    private static Object performLog(Opened<Log> logs, Request request) throws Exception {
        switch (request.operation()) {
            case "wal.open":
                return logs.open(request);
            case "wal.append":
                logs.get(request).append(request.value("entry"));
                return null;
            case "wal.read_since":
                return Objects.requireNonNull(
                        logs.get(request).readSince(request.integer("tick")),
                        "readSince returned null");
            case "wal.load":
                return Map.of("entries", logs.get(request).load());
            case "wal.close":
                logs.taken(request).close();
                return null;
            default:
                return unsupported(request);
        }
    }

    private static Object performCache(Opened<Cache> caches, Request request) throws Exception {
        switch (request.operation()) {
            case "cache.open":
                return caches.open(request);
            case "cache.get":
                return caches.get(request).get(request.text("evidence_id")).orElse(null);
            case "cache.put":
                caches.get(request).put(request.value("entry"));
                return null;
            case "cache.load":
                return Map.of("entries", caches.get(request).load());
            case "cache.close":
                caches.taken(request).close();
                return null;
            default:
                return unsupported(request);
        }
    }

    private static Object unsupported(Request request) throws Unsupported {
        throw new Unsupported(request.operation() + " is not served here");
    }

    /** The logs or the caches that are open, by the runner's numbers. */
    private static final class Opened<T> {
        private final Opener<? extends T> opener;
        private final Map<BigInteger, T> things = new HashMap<>();

        Opened(Opener<? extends T> opener) {
            this.opener = opener;
        }

        Object open(Request request) throws Exception {
            things.put(request.object(), opener.open(Path.of(request.text("directory"))));
            return null;
        }

        T get(Request request) {
            return known(request, things.get(request.object()));
        }

        T taken(Request request) {
            return known(request, things.remove(request.object()));
        }

        private T known(Request request, T thing) {
            if (thing == null) {
                throw new IllegalStateException("nothing is open as " + request.object());
            }
            return thing;
        }
    }
}
