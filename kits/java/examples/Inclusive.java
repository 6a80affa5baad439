import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import telltale.harness.Harness;

/** A log that fails WAL-05: it also returns the entries of the tick itself. */
final class Inclusive extends FileLog {
    private Inclusive(Path directory) throws IOException {
        super(directory);
    }

    @Override
    public List<JsonNode> readSince(BigInteger tick) {
        return entries.stream().filter(entry -> tickOf(entry).compareTo(tick) >= 0).toList();
    }

    public static void main(String[] arguments) {
        new Harness("java-kit-inclusive", "0.1.0").log(Inclusive::new).serve();
    }
}
