package dev.glimpse.dataset;

/** All settings of the table. */
public record TableSettings(CommitProperties commit, ReplicaProperties replica, MaintenanceProperties maintenance) {}
