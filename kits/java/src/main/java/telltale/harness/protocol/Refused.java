package telltale.harness.protocol;

/** The declared error of a contract; its text is never empty. */
public class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    /** Refuses for this reason. */
    public Refused(String reason) {
        super(reason);
    }
}
