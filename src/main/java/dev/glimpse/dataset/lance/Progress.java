package dev.glimpse.dataset.lance;

/** Is told by long work how far it is, between pieces that take some milliseconds each. Called on the thread of the work. */
@FunctionalInterface
public interface Progress {
    /**
     * May wait, so that others come first, or throw, so that the work ends.
     *
     * @param share of the work that is done, from 0 to 1
     */
    void at(double share);
}
