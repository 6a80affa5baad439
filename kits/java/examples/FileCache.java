import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import telltale.harness.Cache;

/** A cache whose every put is a line of a file; the last one of an id counts. */
final class FileCache implements Cache {
    private final Lines lines;
    private final Map<String, JsonNode> entries = new LinkedHashMap<>();

    FileCache(Path directory) throws IOException {
        lines = new Lines(directory.resolve("cache.jsonl"));
        lines.read().forEach(this::take);
    }

    @Override
    public Optional<JsonNode> get(String evidenceId) {
        return Optional.ofNullable(entries.get(evidenceId));
    }

    @Override
    public void put(JsonNode entry) throws IOException {
        lines.append(entry);
        take(entry);
    }

    @Override
    public List<JsonNode> load() {
        return List.copyOf(entries.values());
    }

    private void take(JsonNode entry) {
        String id = entry.get("evidence_id").textValue();
        // A map keeps the place of a key that it has, and the last entry stands last.
        entries.remove(id);
        entries.put(id, entry);
    }
}
