package dev.glimpse.dataset.replica;

import java.time.Duration;

/**
 * How long observations of the table in the store can be relied on, and how often the store is asked. Not a setting; tests use shorter
 * times.
 *
 * @param youngest how long a version is kept at least after the next one came, whatever else is asked for
 * @param certain how long after a version was known to be the newest nobody can have removed the next one again, so that its name tells
 *     whether it came. Much less than {@code youngest}, because clocks differ and commits take time
 * @param listing to the next listing of the versions, in any case
 * @param identity since the newest manifest was seen in the store with its bytes, to the next look whether the table is still the same,
 *     which costs a class B request; and to the next look at a table that could not be opened
 * @param gone since a table was seen to be gone, until a new one takes its place
 * @param prune of local files since a version needed them that is read; longer than a search may take
 * @param lease how long a server holds the maintenance lease after it has said last that it is alive
 * @param upkeep between looks at what there is to be done, which ask nobody
 * @param garbageCollection between two runs, when few versions came meanwhile
 * @param shipped how long after their transfer began files may be committed, because garbage collection removes files that no version
 *     names; longer than their transfer and some lost races may take
 */
public record TableTimings(
        Duration youngest,
        Duration certain,
        Duration listing,
        Duration identity,
        Duration gone,
        Duration prune,
        Duration lease,
        Duration upkeep,
        Duration garbageCollection,
        Duration shipped) {
    public static final TableTimings USUAL = new TableTimings(
            Duration.ofMinutes(2),
            Duration.ofMinutes(1),
            Duration.ofMinutes(10),
            Duration.ofSeconds(15),
            Duration.ofSeconds(30),
            Duration.ofMinutes(1),
            Duration.ofMinutes(2),
            Duration.ofSeconds(2),
            Duration.ofMinutes(10),
            Duration.ofMinutes(10));

    public TableTimings {
        if (certain.multipliedBy(2).compareTo(youngest) > 0) {
            throw new IllegalArgumentException("certain for " + certain + " is too long with versions of " + youngest);
        }
    }
}
