import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import telltale.harness.protocol.Runner;

/** A file with a value on each line. It survives an orderly close, and nothing worse is promised. */
final class Lines {
    private final Path path;

    Lines(Path path) {
        this.path = path;
    }

    List<JsonNode> read() throws IOException {
        List<JsonNode> values = new ArrayList<>();
        if (Files.exists(path)) {
            // A value written by Jackson has no line feed in it, but it may have other ends of lines.
            for (String line : Files.readString(path).split("\n")) {
                values.add(Runner.JSON.readTree(line));
            }
        }
        return values;
    }

    void append(JsonNode value) throws IOException {
        String line = Runner.JSON.writeValueAsString(value) + "\n";
        Files.writeString(path, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
