// palabre-starter-eval: measures the starter model on questions that training never saw.
//
//   palabre-starter-eval --model FILE --questions FILE [--temperature T] [--failures N]
//   palabre-starter-eval --model FILE --tokens FILE         tokenizer against libllama's
//   palabre-starter-eval --model FILE --script FILE         prints whole conversations
//
// Exit status 1 when a goal of the model card is missed by more than --slack points, or a token
// differs.
#include "judge.h"
#include "questions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 100, LINE = 8192 };

struct options {
    const char *model, *questions, *tokens, *script, *libraries;
    double temperature;
    long failures, threads, seed;
    double slack; // points below a goal that still leave the exit status 0
};

struct tally {
    int asked, language, unsure, ended, fresh, mentions;
};

static int
usage(void)
{
    fputs("usage: palabre-starter-eval --model FILE (--questions|--tokens|--script) FILE\n"
          "  [--temperature T] [--seed N] [--threads N] [--libraries DIR] [--failures N] [--slack "
          "POINTS]\n",
          stderr);
    return 2;
}

static bool
parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){.threads = 2, .seed = 1, .libraries = getenv("PALABRE_LLAMA_LIBS")};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--model") == 0)
            o->model = value;
        else if (strcmp(name, "--questions") == 0)
            o->questions = value;
        else if (strcmp(name, "--tokens") == 0)
            o->tokens = value;
        else if (strcmp(name, "--script") == 0)
            o->script = value;
        else if (strcmp(name, "--libraries") == 0)
            o->libraries = value;
        else if (strcmp(name, "--temperature") == 0)
            o->temperature = strtod(value, NULL);
        else if (strcmp(name, "--slack") == 0)
            o->slack = strtod(value, NULL);
        else if (strcmp(name, "--failures") == 0)
            o->failures = strtol(value, NULL, 10);
        else if (strcmp(name, "--threads") == 0)
            o->threads = strtol(value, NULL, 10);
        else if (strcmp(name, "--seed") == 0)
            o->seed = strtol(value, NULL, 10);
        else
            return false;
    }
    return argc % 2 == 1 && o->model && (o->questions || o->tokens || o->script);
}

static double
percent(int part, int whole)
{
    return whole ? 100.0 * part / whole : 0;
}

static void
show_failure(const struct question *q, const struct talk_result *r, const char *what)
{
    printf("-- %s (%s %s %s)\n", what, q->set, q->lang, q->kind);
    for (int i = 0; i < q->messages; i++)
        printf("   %s: %s\n", q->message[i].role, q->message[i].text);
    printf("   => %s\n   expected one of: %.200s\n   reference: %s\n", r->text, q->words,
           q->reference);
}

static bool
report(const char *name, int part, int whole, double goal, double slack)
{
    double got = percent(part, whole);
    bool ok = goal <= 0 || got >= goal;
    printf("| %-38s | %6.2f %% | %4d / %4d |", name, got, part, whole);
    if (goal > 0)
        printf(" %5.0f %% | %s |\n", goal, ok ? "met" : "MISSED");
    else
        printf("       - | - |\n");
    return ok || got >= goal - slack;
}

static bool
run_questions(struct talk *t, const struct options *o)
{
    struct questions q;
    if (!questions_load(&q, o->questions)) {
        fprintf(stderr, "cannot read '%s'\n", o->questions);
        return false;
    }
    struct tally all = {0}, set[2] = {{0}, {0}}, unknown = {0};
    double nll = 0;
    long scored = 0, failures = o->failures;
    for (int i = 0; i < q.count; i++) {
        const struct question *now = &q.list[i];
        struct talk_result r;
        if (!talk_answer(t, now->message, now->messages, (float)o->temperature,
                         (uint32_t)(o->seed + i), LIMIT, &r) ||
            !talk_score(t, now->message, now->messages, now->reference, &nll, &scored)) {
            fprintf(stderr, "question %d does not fit\n", i);
            questions_finish(&q);
            return false;
        }
        enum judge_language want = now->lang[0] == 'f' ? JUDGE_FRENCH : JUDGE_ENGLISH;
        enum judge_language is = judge_language(r.text);
        bool language = is == want || is == JUDGE_UNSURE, fresh = !judge_repeats(r.text);
        bool mentions = judge_mentions(r.text, now->words);
        struct tally *each[] = {&all, &set[strcmp(now->set, "follow") == 0],
                                strcmp(now->kind, "unknown") == 0 ? &unknown : NULL};
        for (int k = 0; k < 3; k++) {
            if (!each[k])
                continue;
            each[k]->asked++;
            each[k]->language += language;
            each[k]->unsure += is == JUDGE_UNSURE;
            each[k]->ended += r.ended;
            each[k]->fresh += fresh;
            each[k]->mentions += mentions;
        }
        if (failures > 0 && (!language || !r.ended || !fresh || !mentions)) {
            show_failure(now, &r,
                         !language  ? "language"
                         : !r.ended ? "no end"
                         : !fresh   ? "loop"
                                    : "keyword");
            failures--;
        }
    }
    printf("temperature %.1f, %d questions\n", o->temperature, all.asked);
    printf("| %-38s | %8s | %11s | %7s | |\n|---|---|---|---|---|\n", "measure", "got", "", "goal");
    bool ok = report("answers in the right language", all.language, all.asked, 98, o->slack);
    report("  of these, too short to tell", all.unsure, all.asked, 0, o->slack);
    ok &= report("ends by itself within 100 tokens", all.ended, all.asked, 98, o->slack);
    ok &= report("no repeated 4-gram", all.fresh, all.asked, 98, o->slack);
    ok &= report("expected keyword, single questions", set[0].mentions, set[0].asked, 85, o->slack);
    report("expected keyword, both together", all.mentions, all.asked, 0, 0);
    ok &= report("follow-ups resolved", set[1].mentions, set[1].asked, 75, o->slack);
    report("  unknowable questions, honest answer", unknown.mentions, unknown.asked, 0, o->slack);
    printf("| perplexity of the reference answers    | %.3f | %ld tokens | - | - |\n",
           exp(nll / (double)scored), scored);
    long decoded;
    double seconds;
    talk_speed(t, &decoded, &seconds);
    printf("decoding: %.0f tokens a second (%ld tokens, %ld threads)\n", (double)decoded / seconds,
           decoded, o->threads);
    questions_finish(&q);
    return ok;
}

static bool
run_tokens(struct talk *t, const struct options *o)
{
    FILE *f = fopen(o->tokens, "r");
    if (!f) {
        fprintf(stderr, "cannot read '%s'\n", o->tokens);
        return false;
    }
    char line[LINE];
    int lines = 0, wrong = 0;
    while (fgets(line, sizeof line, f)) {
        char *text = strchr(line, '\t');
        if (!text)
            continue;
        *text++ = '\0';
        text[strcspn(text, "\n")] = '\0';
        int got[LINE];
        int n = talk_tokenize(t, text, got, LINE), i = 0;
        char *at = line, *end;
        bool same = true;
        for (long id; same && (id = strtol(at, &end, 10), end != at); at = end, i++)
            same = i < n && got[i] == id;
        same = same && i == n;
        lines++;
        if (!same && wrong++ < 10)
            printf("differs: '%s' (%d tokens there)\n", text, n);
    }
    fclose(f);
    printf("%d strings, %d tokenized differently\n", lines, wrong);
    return lines > 0 && wrong == 0;
}

// A script: "# title" and "S system" lines, user lines, an empty line ends a conversation.
static bool
run_script(struct talk *t, const struct options *o)
{
    FILE *f = fopen(o->script, "r");
    if (!f) {
        fprintf(stderr, "cannot read '%s'\n", o->script);
        return false;
    }
    static char kept[TALK_MESSAGES][TALK_TEXT]; // too large for a frame
    struct talk_message message[TALK_MESSAGES];
    int count = 0;
    char line[TALK_TEXT];
    bool ok = true;
    while (ok && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#') {
            count = 0;
            printf("%s\n", line);
            continue;
        }
        bool system = strncmp(line, "S ", 2) == 0;
        if (count + 2 > TALK_MESSAGES) {
            ok = false;
            break;
        }
        snprintf(kept[count], TALK_TEXT, "%s", line + (system ? 2 : 0));
        message[count] = (struct talk_message){system ? "system" : "user", kept[count]};
        count++;
        if (system)
            continue;
        struct talk_result r;
        ok = talk_answer(t, message, count, (float)o->temperature, (uint32_t)o->seed, LIMIT, &r);
        printf("- **you:** %s\n- **Pal:** %s\n", line, r.text);
        snprintf(kept[count], TALK_TEXT, "%s", r.text);
        message[count] = (struct talk_message){"assistant", kept[count]};
        count++;
    }
    fclose(f);
    return ok;
}

int
main(int argc, char **argv)
{
    struct options o;
    if (!parse(&o, argc, argv))
        return usage();
    struct talk *t = talk_open(o.model, o.libraries, (int)o.threads);
    if (!t) {
        fprintf(stderr, "cannot load '%s'\n", o.model);
        return 1;
    }
    bool ok = true;
    if (o.tokens)
        ok &= run_tokens(t, &o);
    if (o.questions)
        ok &= run_questions(t, &o);
    if (o.script)
        ok &= run_script(t, &o);
    talk_close(t);
    return ok ? 0 : 1;
}
