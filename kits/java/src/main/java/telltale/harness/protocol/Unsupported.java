package telltale.harness.protocol;

/** The operation is not served; its requirements are then not judged. */
public class Unsupported extends Exception {
    private static final long serialVersionUID = 1L;

    /** Leaves an operation unserved, for this reason. */
    public Unsupported(String reason) {
        super(reason);
    }
}
