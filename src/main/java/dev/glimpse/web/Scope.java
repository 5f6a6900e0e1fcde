package dev.glimpse.web;

/** What a caller may do. */
enum Scope {
    /** Search, look at pictures and at what is there. */
    READ,

    /** Add pictures. */
    UPLOAD,

    /** Delete, restore, and what is below {@code /admin}. */
    ADMIN
}
