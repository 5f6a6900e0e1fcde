package dev.glimpse;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.core.env.Environment;

/**
 * The port of the server. Spring would find out after the model is loaded that there is no such port.
 *
 * @param port 0 for any that is free
 */
record ServerPort(@DefaultValue("8080") int port) {
    private static final int LARGEST = 65_535;

    ServerPort {
        if (port < 0 || port > LARGEST) {
            throw new IllegalArgumentException(
                    "server.port (PORT) must be a number from 0 to " + LARGEST + ": " + port);
        }
    }

    /**
     * Checks the setting.
     *
     * @throws org.springframework.boot.context.properties.bind.BindException if it is no port
     */
    static void check(Environment environment) {
        ServerPort unused = Binder.get(environment).bindOrCreate("server", ServerPort.class);
    }
}
