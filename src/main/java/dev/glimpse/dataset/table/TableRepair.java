package dev.glimpse.dataset.table;

import dev.glimpse.dataset.DamagedTableException;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableLostException;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.TableUnavailableException;
import java.util.Optional;

/** Reads the table anew, and takes note of repairs. The calling thread waits. */
public final class TableRepair {
    private final TableSupervisor supervisor;
    private final TableReport report;
    private final String address;

    /** @param address how an operator names the table */
    public TableRepair(TableSupervisor supervisor, TableReport report, String address) {
        this.supervisor = supervisor;
        this.report = report;
        this.address = address;
    }

    /** See {@link ImageDataset#readAnew}. */
    public void readAnew() {
        if (supervisor.table().isEmpty()) {
            supervisor.lookAgain();
        }
        Optional<OpenTable> table = supervisor.table();
        if (table.isEmpty()) {
            throw new DamagedTableException(String.valueOf(report.problem()));
        }
        try {
            try {
                table.get().readAnew();
            } catch (DamagedTableException e) {
                // It may be the local copy alone that cannot be read.
                supervisor.fetchAnew(String.valueOf(e.getMessage()));
                supervisor.table().orElseThrow(() -> e).readAnew();
            }
        } catch (DamagedTableException e) {
            throw new DamagedTableException(TableSupervisor.damage(address, String.valueOf(e.getMessage())), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TableBusyException("interrupted while the table was read");
        } catch (TableLostException e) {
            throw new TableUnavailableException(e.getMessage() + "; try again in a minute");
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new DamagedTableException(TableSupervisor.damage(address, DamagedTableException.sentence(e)), e);
        }
    }

    /** See {@link ImageDataset#completed}. */
    public void completed() {
        OpenTable table = supervisor.require();
        TableStamp stamp = TableStamp.of(table.manifest().metadata()).orElse(null);
        if (stamp == null || !stamp.incomplete()) {
            return;
        }
        try {
            table.commitLoop()
                    .commitWork(() -> table.table().describe(stamp.complete().toMetadata()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new TableBusyException("the table is complete and does not say so: " + e);
        }
    }
}
