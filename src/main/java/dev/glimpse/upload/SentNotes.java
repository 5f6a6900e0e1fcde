package dev.glimpse.upload;

import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.consistency.UploadMetadata;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The captions and tags of a request. One of a kind is for all pictures; as many as there are pictures are for each, in order. A comma
 * parts tags, always.
 */
final class SentNotes {
    private final List<String> captions;
    private final List<List<String>> tags;

    /**
     * Takes what a request with this number of pictures says of them.
     *
     * @param captions null if there are none; a blank one says nothing
     * @param tags null if there are none
     * @throws CountMismatchException if there are neither none, nor one, nor one for each picture. A single picture may have any number of
     *     tags
     */
    SentNotes(int pictures, String @Nullable [] captions, String @Nullable [] tags) {
        this.captions = captions == null ? List.of() : List.of(captions);
        List<List<String>> lists =
                tags == null ? List.of() : Stream.of(tags).map(SentNotes::split).toList();
        this.tags = pictures == 1 && lists.size() > 1
                ? List.of(lists.stream().flatMap(List::stream).toList())
                : lists;
        requireMatch(this.captions.size(), "caption", pictures);
        requireMatch(this.tags.size(), "tags", pictures);
    }

    private static List<String> split(String tags) {
        return List.of(tags.split(",", -1));
    }

    private static void requireMatch(int count, String name, int pictures) {
        if (count > 1 && count != pictures) {
            throw new CountMismatchException(
                    name + " is there " + count + " times for " + pictures + (pictures == 1 ? " picture" : " pictures")
                            + "; send it once for all of them, or once for each in order");
        }
    }

    /**
     * What is said of a picture.
     *
     * @param index of the picture in the request, from 0 on
     * @throws MetadataTooLongException if that is more than is kept with a picture
     */
    UploadMetadata of(int index, @Nullable String filename) {
        String caption = captions.isEmpty() ? null : at(captions, index);
        return new UploadMetadata(filename, caption, tags.isEmpty() ? List.of() : at(tags, index)).fitted();
    }

    private static <T> T at(List<T> values, int index) {
        return values.get(values.size() == 1 ? 0 : index);
    }
}
