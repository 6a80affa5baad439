package harness;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.List;
import telltale.harness.protocol.Promises;
import telltale.harness.protocol.Request;
import telltale.harness.protocol.Runner;
import telltale.harness.protocol.Unsupported;

/**
 * A harness: it puts your backend at the service of telltale-conformance.
 *
 * <pre>
 * mvn -q package
 * telltale-conformance smoke --command "java -jar target/harness.jar"
 * telltale-conformance check --command "java -jar target/harness.jar"
 * </pre>
 *
 * <p>Fill in PROMISES and the methods below. What is left as it is answers "unsupported", and its
 * requirements are not judged. Values are Jackson's JsonNode in the specification's form; an integer
 * above 2^63-1 is a BigInteger in it. Return what the comment says, anything that Jackson writes;
 * throw {@code new Refused("why")} for the declared error of the contract; any other exception is
 * reported as a fault.
 */
public final class Main {
    // What is promised here is checked; what is not promised is not demanded.
    private static final Promises PROMISES =
            new Promises(
                    "my-backend",
                    "0.1.0",
                    // reopen, ordered-cache, exact-messages, concurrent-handles, process-kill,
                    // power-loss, fault-tolerance, bit-rot, threads, server-kill
                    List.of(),
                    // What a refused append leaves: clean-reject, unknown-outcome, keeps-rejected.
                    "clean-reject",
                    // What it survives: volatile, restart (needs reopen), process (process-kill),
                    // power.
                    "volatile",
                    // Findings that it mends.
                    List.of());

    private Main() {}

    public static void main(String[] arguments) {
        Main main = new Main();
        Runner.serve(PROMISES, main::perform);
    }

    /** Calls the method that serves an operation. */
    private Object perform(Request r) throws Exception {
        return switch (r.operation()) {
            case "wal.open" -> walOpen(r.object(), r.text("directory"));
            case "wal.append" -> walAppend(r.object(), r.value("entry"));
            case "wal.read_since" -> walReadSince(r.object(), r.integer("tick"));
            case "wal.load" -> walLoad(r.object());
            case "wal.close" -> walClose(r.object());
            case "cache.open" -> cacheOpen(r.object(), r.text("directory"));
            case "cache.get" -> cacheGet(r.object(), r.text("evidence_id"));
            case "cache.put" -> cachePut(r.object(), r.value("entry"));
            case "cache.load" -> cacheLoad(r.object());
            case "cache.close" -> cacheClose(r.object());
            case "wal_handler.make" ->
                    walHandlerMake(
                            r.object(), r.integer("inner"), r.integer("wal"), r.value("mode"));
            case "evidence_handler.make" ->
                    evidenceHandlerMake(
                            r.object(),
                            r.integer("inner"),
                            r.integer("cache"),
                            r.integer("resolver"));
            case "handler.drop" -> handlerDrop(r.value("objects"));
            case "handler.handler_identity" -> handlerIdentity(r, r.object());
            case "handler.handle_effect" -> handleEffect(r, r.object(), r.value("request"));
            case "handler.handle_send" -> handleSend(r, r.object());
            case "handler.send_decision" -> sendDecision(r, r.object(), r.value("input"));
            case "handler.handle_recv" -> handleRecv(r, r.object());
            case "handler.handle_choose" -> handleChoose(r, r.object());
            case "handler.step" -> step(r, r.object(), r.text("role"), r.value("state"));
            case "handler.handle_acquire" -> handleAcquire(r, r.object());
            case "handler.handle_release" -> handleRelease(r, r.object());
            case "handler.supports_wal_sync" -> supportsWalSync(r.object());
            case "handler.wal_sync" -> walSync(r, r.object(), r.value("sync"));
            case "handler.topology_events" -> topologyEvents(r, r.object(), r.integer("tick"));
            case "handler.output_condition_hint" -> outputConditionHint(r, r.object());
            case "handler.wal_snapshot" -> walSnapshot(r, r.object());
            case "handler.cached_outcome" -> cachedOutcome(r, r.object(), r.text("evidence_id"));
            case "handler.cache_snapshot" -> cacheSnapshot(r, r.object());
            case "recovery.plan" ->
                    recoveryPlan(r.integer("checkpoint_tick"), r.value("wal"), r.value("cache"));
            case "artifact.encode" -> artifactEncode(r.value("artifact"));
            case "artifact.decode" -> artifactDecode(r.text("bytes"));
            case "entry.identity" -> entryIdentity(r.value("entry"));
            default -> throw unsupported();
        };
    }

    // The log. `object` names it from walOpen to walClose; keep your logs in a map.

    /** Opens the log kept in `directory`, empty at first; the second time, reopens it. Null. */
    private Object walOpen(BigInteger object, String directory) throws Exception {
        throw unsupported();
    }

    /** Stores `entry` at the end, or throws Refused if the order of escalations forbids it. Null. */
    private Object walAppend(BigInteger object, JsonNode entry) throws Exception {
        throw unsupported();
    }

    /** Returns the entries with a tick above `tick`, in stored order: a list. */
    private Object walReadSince(BigInteger object, BigInteger tick) throws Exception {
        throw unsupported();
    }

    /** Returns the whole log: `Map.of("entries", list)`. */
    private Object walLoad(BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Closes the log; what it acknowledged stays if `reopen` is promised. Null. */
    private Object walClose(BigInteger object) throws Exception {
        throw unsupported();
    }

    // The cache of evidence outcomes, in the same way.

    /** Opens or reopens the cache kept in `directory`. Null. */
    private Object cacheOpen(BigInteger object, String directory) throws Exception {
        throw unsupported();
    }

    /** Returns the entry of exactly this id, or null. */
    private Object cacheGet(BigInteger object, String evidenceId) throws Exception {
        throw unsupported();
    }

    /** Stores `entry` in place of any other with its `evidence_id`. Null. */
    private Object cachePut(BigInteger object, JsonNode entry) throws Exception {
        throw unsupported();
    }

    /** Returns the whole cache: `Map.of("entries", list)`. */
    private Object cacheLoad(BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Closes the cache. Null. */
    private Object cacheClose(BigInteger object) throws Exception {
        throw unsupported();
    }

    // The two handlers. `inner`, `wal`, `cache` and `resolver` are the runner's objects; `r` calls
    // them:
    //
    //     JsonNode log = r.call("wal.load", wal, Map.of());
    //     r.call("wal.append", wal, Map.of("entry", entry)); // throws Refused
    //     JsonNode outcome = r.call("handler.handle_effect", inner, Map.of("request", request));
    //     JsonNode id = r.call("resolver.evidence_id", resolver, Map.of("request", request));
    //
    // A RESULT is {"status":"success","value":VALUE}, {"status":"blocked"} or
    // {"status":"failure","failure":{"kind":"unavailable","message":"why"}}.

    /** Makes a WAL handler; `mode` is {"mode":"immediate"}, blocked, or failure + message. Null. */
    private Object walHandlerMake(
            BigInteger object, BigInteger inner, BigInteger wal, JsonNode mode) throws Exception {
        throw unsupported();
    }

    /** Makes an evidence handler. Null. */
    private Object evidenceHandlerMake(
            BigInteger object, BigInteger inner, BigInteger cache, BigInteger resolver)
            throws Exception {
        throw unsupported();
    }

    /** Forgets these handlers: a list of numbers. Null. */
    private Object handlerDrop(JsonNode objects) throws Exception {
        throw unsupported();
    }

    /** Returns agreement_wal&lt;inner&gt; or evidence_persistence&lt;inner&gt;. */
    private Object handlerIdentity(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Carries out `request`; returns {"status":{"status":"success"},"response":{...}}. */
    private Object handleEffect(Request r, BigInteger object, JsonNode request) throws Exception {
        throw unsupported();
    }

    /** Takes role, partner, label, state; returns the RESULT of a value, a payload. */
    private Object handleSend(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Returns the RESULT of a send decision. */
    private Object sendDecision(Request r, BigInteger object, JsonNode input) throws Exception {
        throw unsupported();
    }

    /** Takes role, partner, label, state, payload; returns {"result":RESULT,"state":[...]}. */
    private Object handleRecv(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Takes role, partner, labels, state; returns the RESULT of a text. */
    private Object handleChoose(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Runs one step; returns {"result":RESULT,"state":[...]}, the state after it. */
    private Object step(Request r, BigInteger object, String role, JsonNode state)
            throws Exception {
        throw unsupported();
    }

    /** Takes sid, role, layer, state; returns the RESULT of a value, the evidence. */
    private Object handleAcquire(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Takes sid, role, layer, evidence, state; returns a RESULT with value null. */
    private Object handleRelease(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Says whether the handler serves wal_sync: a Boolean. */
    private Object supportsWalSync(BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Appends what `sync` adds to the log; returns a RESULT with value null. */
    private Object walSync(Request r, BigInteger object, JsonNode sync) throws Exception {
        throw unsupported();
    }

    /** Returns the RESULT of a list of perturbations. */
    private Object topologyEvents(Request r, BigInteger object, BigInteger tick)
            throws Exception {
        throw unsupported();
    }

    /** Takes sid, role, state; returns a hint, or null. */
    private Object outputConditionHint(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Returns the log of a WAL handler: {"entries":[...]}. */
    private Object walSnapshot(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    /** Returns the outcome that an evidence handler has stored, or null. */
    private Object cachedOutcome(Request r, BigInteger object, String evidenceId)
            throws Exception {
        throw unsupported();
    }

    /** Returns the cache of an evidence handler: {"entries":[...]}. */
    private Object cacheSnapshot(Request r, BigInteger object) throws Exception {
        throw unsupported();
    }

    // Functions.

    /** Returns metadata, wal_suffix, evidence_cache and decisions. */
    private Object recoveryPlan(BigInteger checkpointTick, JsonNode wal, JsonNode cache)
            throws Exception {
        throw unsupported();
    }

    /** Returns the canonical CBOR bytes in lowercase hexadecimal, see HexFormat. */
    private Object artifactEncode(JsonNode artifact) throws Exception {
        throw unsupported();
    }

    /** Returns the artifact of hexadecimal `data`, or throws Refused. */
    private Object artifactDecode(String data) throws Exception {
        throw unsupported();
    }

    /** Returns the stable identity of a log entry. */
    private Object entryIdentity(JsonNode entry) throws Exception {
        throw unsupported();
    }

    private static Unsupported unsupported() {
        return new Unsupported("not filled in");
    }
}
