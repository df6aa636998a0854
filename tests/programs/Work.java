import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Threads, native zlib and direct buffers (both on malloc), hashing, the compiler threads. */
public final class Work {
    record Line(int number, String name, double weight) {}

    static String digest(byte[] data) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data), 0, 8);
    }

    /** Compresses and expands pieces of several sizes: each Deflater owns native memory. */
    static String squeeze(int seed) throws Exception {
        Random random = new Random(seed);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int round = 0; round < 60; round++) {
            byte[] plain = new byte[1 + random.nextInt(40000)];
            for (int i = 0; i < plain.length; i++) plain[i] = (byte) (random.nextInt(12) + 'a');
            Deflater deflater = new Deflater(1 + round % 9, true);
            deflater.setInput(plain);
            deflater.finish();
            byte[] packed = new byte[plain.length + 100];
            int size = deflater.deflate(packed);
            deflater.end();
            Inflater inflater = new Inflater(true);
            inflater.setInput(packed, 0, size);
            byte[] again = new byte[plain.length];
            if (inflater.inflate(again) != plain.length) throw new IllegalStateException("length");
            inflater.end();
            all.write(again, 0, Math.min(again.length, 500));
            all.write(packed, 0, size);
        }
        return digest(all.toByteArray());
    }

    static long direct(int seed) {
        Random random = new Random(seed);
        List<ByteBuffer> kept = new ArrayList<>();
        long sum = 0;
        for (int i = 0; i < 600; i++) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(16 + random.nextInt(60000));
            for (int at = 0; at + 8 <= buffer.capacity(); at += 512) buffer.putLong(at, (long) at * i);
            kept.add(buffer);
            if (kept.size() > 30) sum += kept.remove(random.nextInt(30)).getLong(0) + kept.size();
        }
        for (ByteBuffer buffer : kept) sum += buffer.capacity() + buffer.getLong(8);
        return sum;
    }

    static String objects(int seed) throws Exception {
        Random random = new Random(seed);
        TreeMap<String, List<Line>> index = new TreeMap<>();
        for (int i = 0; i < 40000; i++) {
            Line line = new Line(i, "name" + random.nextInt(3000), random.nextDouble());
            index.computeIfAbsent(line.name(), key -> new ArrayList<>()).add(line);
        }
        StringBuilder text = new StringBuilder();
        index.forEach((name, lines) -> text.append(name).append(lines.size()).append(lines.get(0)).append('\n'));
        return digest(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    public static void main(String[] args) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(6);
        List<Future<String>> answers = new ArrayList<>();
        for (int i = 0; i < 18; i++) {
            int seed = i;
            Callable<String> job = switch (i % 3) {
                case 0 -> () -> "squeeze " + squeeze(seed);
                case 1 -> () -> "direct " + direct(seed);
                default -> () -> "objects " + objects(seed);
            };
            answers.add(pool.submit(job));
        }
        for (Future<String> answer : answers) System.out.println(answer.get());
        pool.shutdown();
        for (int round = 0; round < 50; round++) {
            Thread[] threads = new Thread[4];
            for (int i = 0; i < 4; i++) (threads[i] = new Thread(() -> ByteBuffer.allocateDirect(5000))).start();
            for (Thread thread : threads) thread.join();
        }
        System.out.println(IntStream.range(0, 2_000_000).parallel().mapToLong(i -> i % 7 * (long) i).sum());
    }
}
