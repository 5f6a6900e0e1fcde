package dev.glimpse.duplicates;

import dev.glimpse.request.Parameter;

/** What a decision says. */
enum DecisionParameter implements Parameter {
    IDS("ids", true),
    DECISION("decision", false);

    private final String name;
    private final boolean list;

    DecisionParameter(String name, boolean list) {
        this.name = name;
        this.list = list;
    }

    @Override
    public String parameterName() {
        return name;
    }

    @Override
    public boolean isList() {
        return list;
    }
}
