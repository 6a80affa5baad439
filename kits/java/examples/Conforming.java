import telltale.harness.Durability;
import telltale.harness.Harness;

/** A log and a cache in files that conform. */
final class Conforming {
    private Conforming() {}

    public static void main(String[] arguments) {
        new Harness("java-kit-files", "0.1.0")
                .durability(Durability.RESTART)
                .capability("ordered-cache")
                .log(FileLog::new)
                .cache(FileCache::new)
                .serve();
    }
}
