import client.ApiClient;
import client.api.AdministrationApi;
import client.api.PicturesApi;
import client.api.SearchApi;
import client.api.ServerApi;
import client.model.Edit;
import client.model.SearchAnswer;
import client.model.UploadAnswer;
import java.io.File;
import java.util.List;
import org.springframework.web.client.RestClientResponseException;

/** Does with a client that was generated from the API's description what programs do. Arguments: URL, three new pictures, a text file. */
public final class JavaClient {
    public static void main(String[] args) {
        ApiClient server = new ApiClient();
        server.setBasePath(args[0]);
        PicturesApi pictures = new PicturesApi(server);
        SearchApi search = new SearchApi(server);
        ServerApi state = new ServerApi(server);
        File text = new File(args[4]);

        UploadAnswer one = pictures.uploadPictures(
                List.of(new File(args[1])), null, List.of("a caption"), List.of("red,round"), null);
        check(one.getStored(), "one picture is stored");
        UploadAnswer many =
                pictures.uploadPictures(
                List.of(new File(args[2]), new File(args[3]), text), null, List.of("two", "three", "text"), null, null);
        check(many.getResults().get(1).getStatus() == 201, "the second of several is stored");
        String second = many.getResults().get(1).getId().substring("images/".length());
        check(pictures.getPictureMetadata(second).getCaption().equals("three"), "each of several has its caption");
        check(many.getResults().get(2).getProblem().getStatus() == 415, "what is no picture has a problem");

        String name = one.getId().substring("images/".length());
        SearchAnswer found = find(search, "a picture");
        check(found.getResults().stream().anyMatch(hit -> hit.getId().equals(one.getId())), "the picture is found");
        check(!search.listVersions().getVersions().isEmpty(), "there are versions");
        check(pictures.listPictures(null, 3, null).getResults().size() == 3, "pictures are listed");
        check(pictures.getPictureMetadata(name).getTags().equals(List.of("red", "round")), "tags are kept");
        byte[] thumbnail = pictures.getThumbnailWithResponseSpec(name, 512, null, null, null).body(byte[].class);
        check(thumbnail.length > 100, "there is a thumbnail");
        check(pictures.editPicture(name, new Edit().caption("another")).getCaption().equals("another"), "captions change");
        check(state.getStats().getRowCount() >= 3, "statistics count");
        check(state.getStats().getActivity().getUploads().getStored() >= 3, "uploads are counted");
        check(new AdministrationApi(server).getModels().getModels().size() == 1, "the table has one model");
        check(new AdministrationApi(server).getSources().getSources() != null, "sources are listed");
        check(state.getStatsHistory("hour", 0L).getIntervalSeconds() == 10, "there is a history");

        pictures.deletePicture(name, null, null);
        check(statusOf(() -> pictures.getPicture(name, null, null, null)) == 404, "a deleted picture is gone");
        check(pictures.restorePicture(name).getRestored(), "it comes back");
        check(statusOf(() -> find(search, "")) == 400, "an empty text is a problem");
        System.out.println("all is well");
    }

    private static SearchAnswer find(SearchApi search, String text) {
        return search.searchPictures(
                List.of(text), null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                null, null, null, null, null, null, null, null, null, 1000, true, null, null, null, null, null, null, null, null);
    }

    private static int statusOf(Runnable call) {
        try {
            call.run();
            return 200;
        } catch (RestClientResponseException e) {
            check(e.getResponseBodyAsString().contains("/problems/"), "a problem has its type");
            return e.getStatusCode().value();
        }
    }

    private static void check(boolean right, String what) {
        if (!right) {
            throw new AssertionError("not so: " + what);
        }
    }
}
