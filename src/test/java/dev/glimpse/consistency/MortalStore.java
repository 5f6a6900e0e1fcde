package dev.glimpse.consistency;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A store as one server sees it, until that server dies: from then on nothing that it asks for reaches the store. So the server has
 * no more effect than a process that was killed, though its threads go on.
 */
final class MortalStore {
    private static final Set<String> CHANGES = Set.of("putIfAbsent", "copy", "replaceMetadata", "delete");

    private final ObjectStore real;
    private final ObjectStore seen;

    /** Calls hold it to read, so that who holds it to write knows that none is on its way. */
    private final ReentrantReadWriteLock calls = new ReentrantReadWriteLock();

    private final CompletableFuture<Void> death = new CompletableFuture<>();
    private int changesLeft = Integer.MAX_VALUE;

    MortalStore(ObjectStore real) {
        this.real = real;
        this.seen = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(),
                new Class<?>[] {ObjectStore.class},
                (proxy, method, arguments) -> call(method, arguments));
    }

    /** What the server gets. */
    ObjectStore store() {
        return seen;
    }

    /** Waits for what is on its way; nothing comes after it. */
    void die() {
        calls.writeLock().lock();
        try {
            death.complete(null);
        } finally {
            calls.writeLock().unlock();
        }
    }

    boolean isDead() {
        return death.isDone();
    }

    /** Completes when the server dies. */
    CompletableFuture<Void> death() {
        return death.copy();
    }

    /** Dies right after so many puts, copies and deletes from now on, before it hears that the last of them was done. */
    synchronized void dieAfter(int changes) {
        changesLeft = changes;
        if (changes == 0) {
            death.complete(null);
        }
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        calls.readLock().lock();
        try {
            // Not what asks nobody: a search that is under way may need it.
            if (isDead() && !method.getName().equals("address")) {
                throw new StoreUnavailableException("the server is dead", null);
            }
            Object answer = method.invoke(real, arguments);
            if (CHANGES.contains(method.getName()) && isLast()) {
                death.complete(null);
                throw new StoreUnavailableException("the server died before it heard the answer", null);
            }
            return answer;
        } catch (InvocationTargetException e) {
            throw e.getCause();
        } finally {
            calls.readLock().unlock();
        }
    }

    private synchronized boolean isLast() {
        return --changesLeft == 0;
    }
}
