package dev.glimpse.upload;

/**
 * A picture that has its row.
 *
 * @param id also its URL on this server
 * @param path where the original is, as other programs name it
 * @param vectorDim dimension of its embedding
 * @param stored whether this upload added it; false if it was there
 */
public record StoredPicture(String id, String path, int vectorDim, boolean stored) {}
