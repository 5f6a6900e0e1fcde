package dev.glimpse.fetch;

import java.math.BigInteger;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which addresses are somewhere on the internet, and not this machine, its network or the metadata service of its cloud.
 *
 * <p>By IANA's registries of special-purpose addresses (iana.org/assignments/iana-ipv4-special-registry and
 * iana-ipv6-special-registry): what is not globally reachable is not public. Neither is what goes to many hosts, nor an
 * IPv6 address that stands for an IPv4 address.
 */
final class PublicAddresses {
    private static final List<Block> CLOSED_IPV4 = blocks(
            "0.0.0.0/8", // this network
            "10.0.0.0/8", // private
            "100.64.0.0/10", // between a carrier and its customers; Alibaba's metadata
            "127.0.0.0/8", // loopback
            "168.63.129.16/32", // Azure's own services inside its machines, though the address is a public one
            "169.254.0.0/16", // link-local; metadata of most clouds
            "172.16.0.0/12", // private
            "192.0.0.0/24", // protocol assignments; Oracle's metadata
            "192.0.2.0/24", // documentation
            "192.88.99.0/24", // relays to 6to4
            "192.168.0.0/16", // private
            "198.18.0.0/15", // benchmarks
            "198.51.100.0/24", // documentation
            "203.0.113.0/24", // documentation
            "224.0.0.0/4", // multicast
            "240.0.0.0/4"); // reserved; broadcast

    /** All that is allocated. Outside are loopback, private, link-local, multicast, mapped IPv4 and NAT64. */
    private static final Block OPEN_IPV6 = Block.of("2000::/3");

    private static final List<Block> CLOSED_IPV6 = blocks(
            "2001::/23", // protocol assignments; Teredo, which stands for IPv4
            "2001:db8::/32", // documentation
            "2002::/16", // 6to4, which stands for IPv4
            "3fff::/20"); // documentation

    private PublicAddresses() {}

    static boolean isPublic(InetAddress address) {
        byte[] bytes = address.getAddress();
        return address instanceof Inet4Address
                ? CLOSED_IPV4.stream().noneMatch(block -> block.contains(bytes))
                : OPEN_IPV6.contains(bytes) && CLOSED_IPV6.stream().noneMatch(block -> block.contains(bytes));
    }

    private static List<Block> blocks(String... blocks) {
        return Stream.of(blocks).map(Block::of).toList();
    }

    /**
     * The addresses of one kind that begin with the same bits.
     *
     * @param rest how many bits follow
     */
    private record Block(BigInteger prefix, int rest) {
        static Block of(String block) {
            int slash = block.indexOf('/');
            try {
                byte[] first = InetAddress.getByName(block.substring(0, slash)).getAddress();
                int rest = first.length * Byte.SIZE - Integer.parseInt(block.substring(slash + 1));
                return new Block(new BigInteger(1, first).shiftRight(rest), rest);
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException("not a block of addresses: " + block, e);
            }
        }

        boolean contains(byte[] address) {
            return new BigInteger(1, address).shiftRight(rest).equals(prefix);
        }
    }
}
