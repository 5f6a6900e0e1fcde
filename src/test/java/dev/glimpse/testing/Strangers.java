package dev.glimpse.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Many connections to one server, from one or more addresses of this machine, that send little and read nothing unless they are
 * asked to. For one thread. Linux, where all of 127.0.0.0/8 is this machine.
 */
public final class Strangers implements AutoCloseable {
    private final int port;
    private final int addresses;
    private final byte[] first;
    private final List<SocketChannel> channels = new ArrayList<>();
    private final List<ByteArrayOutputStream> answers = new ArrayList<>();

    private Strangers(int port, int addresses, String first) {
        this.port = port;
        this.addresses = addresses;
        this.first = first.getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * Connects.
     *
     * @param addresses from which they come, by turns: 127.0.0.2 and so on
     * @param first what each sends at once
     */
    public static Strangers connect(int port, int count, int addresses, String first) throws IOException {
        Strangers strangers = new Strangers(port, addresses, first);
        for (int i = 0; i < count; i++) {
            strangers.channels.add(strangers.connect(i));
            strangers.answers.add(new ByteArrayOutputStream());
        }
        return strangers;
    }

    private SocketChannel connect(int number) throws IOException {
        SocketChannel channel = SocketChannel.open();
        int address = 2 + number % addresses;
        channel.bind(new InetSocketAddress(
                InetAddress.getByAddress(new byte[] {127, 0, (byte) (address >> 8), (byte) address}), 0));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.configureBlocking(false);
        channel.write(ByteBuffer.wrap(first));
        return channel;
    }

    /** Each that is still connected sends this. */
    public void send(String bytes) {
        for (SocketChannel channel : channels) {
            try {
                channel.write(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)));
            } catch (IOException e) {
                // Ended by the server, as a read finds.
            }
        }
    }

    /** Reads what is there; says how many the server has ended. */
    public int ended() {
        int ended = 0;
        for (int i = 0; i < channels.size(); i++) {
            if (isEnded(i)) {
                ended++;
            }
        }
        return ended;
    }

    private boolean isEnded(int number) {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        try {
            int read = 1;
            while (read > 0) {
                buffer.clear();
                read = channels.get(number).read(buffer);
                answers.get(number).write(buffer.array(), 0, Math.max(0, read));
            }
            return read < 0;
        } catch (IOException e) {
            return true;
        }
    }

    /** What came so far, of each. */
    public List<String> answers() {
        ended();
        return answers.stream()
                .map(answer -> answer.toString(StandardCharsets.ISO_8859_1))
                .toList();
    }

    /** Connects anew in the place of those that the server has ended; says how many. */
    public int reconnect() throws IOException {
        int ended = 0;
        for (int i = 0; i < channels.size(); i++) {
            if (isEnded(i)) {
                channels.get(i).close();
                channels.set(i, connect(i));
                answers.get(i).reset();
                ended++;
            }
        }
        return ended;
    }

    @Override
    public void close() {
        for (SocketChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                // Nothing more to be done with it.
            }
        }
    }
}
