package dev.glimpse.fairness;

/**
 * A sequence of work that shares processor time with other flows. Clients share it equally, and so do the connections of one client.
 *
 * @param client a key or an address; empty if nothing tells clients apart
 * @param connection the id of the client's connection; empty if there is none
 * @param purpose what the work is for
 */
public record Flow(String client, String connection, Purpose purpose) {}
