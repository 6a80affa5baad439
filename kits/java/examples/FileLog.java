import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import telltale.harness.Log;
import telltale.harness.protocol.Refused;

/** A log that is a file of lines, there again when it is opened a second time. */
class FileLog implements Log {
    private static final List<String> LEVELS =
            List.of("none", "provisional", "soft_safe", "finalized");

    private final Lines lines;
    protected final List<JsonNode> entries = new ArrayList<>();
    // Of each operation, from its last escalation.
    private final Map<String, String> lastLevels = new HashMap<>();

    FileLog(Path directory) throws IOException {
        lines = new Lines(directory.resolve("log.jsonl"));
        for (JsonNode entry : lines.read()) {
            take(entry);
        }
    }

    @Override
    public void append(JsonNode entry) throws Exception {
        if (isEscalation(entry)) {
            String operation = entry.get("operation_id").textValue();
            String from = entry.get("previous_level").textValue();
            String to = entry.get("new_level").textValue();
            String last = lastLevels.getOrDefault(operation, "none");
            if (rank(to) < rank(from) || Math.min(rank(from), rank(to)) < rank(last)) {
                throw new Refused(
                        operation + " is at " + last + ", not to go from " + from + " to " + to);
            }
        }
        lines.append(entry);
        take(entry);
    }

    @Override
    public List<JsonNode> readSince(BigInteger tick) {
        return entries.stream().filter(entry -> tickOf(entry).compareTo(tick) > 0).toList();
    }

    @Override
    public List<JsonNode> load() {
        return entries;
    }

    protected static BigInteger tickOf(JsonNode entry) {
        return entry.get("tick").bigIntegerValue();
    }

    private void take(JsonNode entry) {
        entries.add(entry);
        if (isEscalation(entry)) {
            lastLevels.put(entry.get("operation_id").textValue(), entry.get("new_level").textValue());
        }
    }

    private static boolean isEscalation(JsonNode entry) {
        return entry.get("kind").textValue().equals("escalation");
    }

    private static int rank(String level) {
        return LEVELS.indexOf(level);
    }
}
