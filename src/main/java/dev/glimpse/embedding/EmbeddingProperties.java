package dev.glimpse.embedding;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/** @param model the folder of the CLIP model: {@code model.json} and the files it names */
@ConfigurationProperties("glimpse")
record EmbeddingProperties(@DefaultValue("models/mini-clip") Path model) {}
