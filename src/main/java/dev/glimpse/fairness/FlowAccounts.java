package dev.glimpse.fairness;

/**
 * The accounts that the work of one ticket is charged to. Guarded by the lock of the scheduler.
 *
 * @param scheduler the scheduler of the ticket
 * @param purpose of the work
 * @param ofPurpose its parts are clients
 * @param ofClient its parts are connections
 * @param arrival the number of the ticket
 */
record FlowAccounts(
        FairScheduler scheduler,
        Purpose purpose,
        Account ofPurpose,
        Account ofClient,
        Account ofConnection,
        long arrival) {

    Priority priority() {
        return new Priority(
                scheduler, purpose, ofClient.quantaUsed(), ofClient.number(), ofConnection.quantaUsed(), arrival);
    }

    void begin() {
        ofPurpose.begin(ofClient);
        ofClient.begin(ofConnection);
    }

    void charge(long nanos, long now) {
        ofPurpose.charge(ofClient, nanos, now);
        ofClient.charge(ofConnection, nanos, now);
    }

    void end(long now) {
        ofClient.end(ofConnection, now);
        ofPurpose.end(ofClient, now);
    }
}
