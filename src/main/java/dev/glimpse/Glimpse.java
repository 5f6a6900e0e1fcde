package dev.glimpse;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Glimpse {
    public static void main(String[] args) {
        SpringApplication.run(Glimpse.class, args);
    }
}
