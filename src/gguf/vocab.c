#include "gguf/vocab.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/text_set.h"
#include "util/mem.h"

#define KIND_PLAIN   1
#define KIND_CONTROL 3
#define KIND_UNUSED  5

#define VOCAB_MAX_BYTES (32u << 20)
#define WORD_MAX_BYTES  64

/* Common in chats; each with its leading space. Shorter beginnings become tokens on the way. */
static const char words[] =
    " the and you that was for are with his they this have from not what were when your can said "
    "there use each which she how their will other about out many then them these some her would "
    "make like him into time has look two more write see number way could people than first been "
    "who now find long down day did get come made may part hello thanks please game stream play "
    "love good great really want know think very just because where here well yes why "
    "je tu il elle nous vous ils elles le la les un une des du de et est sont dans que qui pour "
    "pas sur avec plus tout mais comme bien fait dire faire être avoir cette vous aussi très "
    "salut bonjour merci oui non quoi alors parce quand encore toujours jamais petit grand jour "
    "monde temps vie homme femme chose main yeux autre même sans sous leur aime veux peux sais "
    "jeu partie équipe gagner perdre message réponse question";

static const char *const syllable_starts[] = {"b", "d", "f", "g", "j", "k", "l", "m",
                                              "n", "p", "r", "s", "t", "v", "z", "ch"};
static const char *const syllable_ends[] = {"a", "e", "i", "o", "u"};

static const char *const qwen_specials[] = {
    "<|endoftext|>",      "<|im_start|>",     "<|im_end|>",     "<|object_ref_start|>",
    "<|object_ref_end|>", "<|box_start|>",    "<|box_end|>",    "<|quad_start|>",
    "<|quad_end|>",       "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>",      "<|video_pad|>",    "<tool_call>",    "</tool_call>",
    "<|fim_prefix|>",     "<|fim_middle|>",   "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>",      "<|file_sep|>",
};
static const char *const llama3_specials[] = {
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>",
    "<|reserved_special_token_2|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
};
static const char *const zephyr_firsts[] = {"<unk>", "<s>", "</s>"};

static const char qwen_template[] =
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
static const char llama3_template[] =
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + "
    "message['content'] + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";
static const char zephyr_template[] =
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}";

struct builder {
    struct pal_gguf_vocab *vocab;
    struct pal_text_set seen; /* borrows from `names` */
    char *names;              /* owned; room for all tokens, so that it never moves */
    size_t names_len;
};

static void
append(struct pal_buf *buf, const char *text, size_t len)
{
    /* The largest shape needs a tenth of the maximum. */
    enum pal_err err = pal_buf_append(buf, text, len);
    PAL_ASSERT(err == PAL_OK);
}

/* Adds a token unless there is one of this text; true if it was new. */
static bool
add_token(struct builder *b, const char *text, int32_t kind)
{
    size_t len = strlen(text);
    PAL_ASSERT(b->names_len + len < VOCAB_MAX_BYTES);
    char *copy = b->names + b->names_len;
    memcpy(copy, text, len + 1);
    if (!pal_text_set_add(&b->seen, copy, len)) {
        return false;
    }
    b->names_len += len + 1;
    b->vocab->kinds[b->vocab->n_tokens++] = kind;
    append(&b->vocab->tokens, text, len + 1);
    return true;
}

/* Byte-level vocabularies write each byte as one printable character: itself, or 256 and up. */
static size_t
byte_name(unsigned char byte, char *out)
{
    unsigned code = 256;
    bool is_itself = false;
    for (unsigned i = 0; i <= byte; i++) {
        is_itself = (i >= 33 && i <= 126) || (i >= 161 && i <= 172) || i >= 174;
        code += i < byte && !is_itself;
    }
    code = is_itself ? byte : code;
    if (code < 0x80) {
        out[0] = (char)code;
        out[1] = '\0';
        return 1;
    }
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    out[2] = '\0';
    return 2;
}

/* One word: every beginning of it becomes a token, reached by one merge. */
static void
add_word(struct builder *b, const char *word, size_t len, size_t max_tokens)
{
    char left[WORD_MAX_BYTES * 2 + 1];
    size_t at = byte_name(' ', left);
    for (size_t i = 0; i < len && i < WORD_MAX_BYTES - 1; i++) {
        char merge[WORD_MAX_BYTES * 2 + 8];
        char right[3];
        size_t right_len = byte_name((unsigned char)word[i], right);
        int merge_len = snprintf(merge, sizeof(merge), "%s %s", left, right);
        memcpy(left + at, right, right_len + 1);
        at += right_len;
        if (b->vocab->n_tokens >= max_tokens) {
            return;
        }
        if (add_token(b, left, KIND_PLAIN)) {
            append(&b->vocab->merges, merge, (size_t)merge_len + 1);
            b->vocab->n_merges++;
        }
    }
}

static void
add_words(struct builder *b, size_t max_tokens)
{
    for (const char *word = words; *word != '\0';) {
        size_t len = strcspn(word, " ");
        if (len > 0) {
            add_word(b, word, len, max_tokens);
        }
        word += len;
        word += *word == ' ';
    }
}

/* Words of three and more syllables, one for each number. */
static void
add_filler(struct builder *b, size_t max_tokens)
{
    const size_t n_ends = PAL_COUNT_OF(syllable_ends);
    const size_t n_syllables = PAL_COUNT_OF(syllable_starts) * n_ends;
    char space[3];
    (void)byte_name(' ', space);
    for (size_t i = 0; b->vocab->n_tokens < max_tokens; i++) {
        char text[64];
        int at = snprintf(text, sizeof(text), "%s", space);
        size_t rest = i;
        for (int syllable = 0; syllable < 3 || rest > 0; syllable++) {
            size_t pick = rest % n_syllables;
            rest /= n_syllables;
            at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%s",
                           syllable_starts[pick / n_ends], syllable_ends[pick % n_ends]);
        }
        (void)add_token(b, text, KIND_PLAIN);
    }
}

static void
add_list(struct builder *b, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)add_token(b, texts[i], KIND_CONTROL);
    }
}

static void
choose_family(struct pal_gguf_vocab *vocab, const struct pal_gguf_shape *shape)
{
    switch (shape->family) {
    case PAL_GGUF_FAMILY_QWEN:
        vocab->bos = shape->n_plain_tokens;
        vocab->eos = shape->n_plain_tokens + 2;
        vocab->padding = shape->n_plain_tokens;
        vocab->pre = "qwen2";
        vocab->chat_template = qwen_template;
        break;
    case PAL_GGUF_FAMILY_LLAMA3:
        vocab->bos = shape->n_plain_tokens;
        vocab->eos = shape->n_plain_tokens + 9;
        vocab->padding = shape->n_plain_tokens + 4;
        vocab->pre = "llama-bpe";
        vocab->chat_template = llama3_template;
        break;
    case PAL_GGUF_FAMILY_ZEPHYR:
        vocab->bos = 1;
        vocab->eos = 2;
        vocab->padding = 2;
        vocab->pre = "gpt-2";
        vocab->chat_template = zephyr_template;
        break;
    }
}

void
pal_gguf_vocab_init(struct pal_gguf_vocab *vocab, const struct pal_gguf_shape *shape)
{
    *vocab = (struct pal_gguf_vocab){0};
    pal_buf_init(&vocab->tokens, VOCAB_MAX_BYTES);
    pal_buf_init(&vocab->merges, VOCAB_MAX_BYTES);
    vocab->kinds = pal_calloc(shape->n_vocab, sizeof(int32_t));
    choose_family(vocab, shape);

    struct builder b = {.vocab = vocab, .names = pal_calloc(VOCAB_MAX_BYTES, 1)};
    bool has_room = pal_text_set_init(&b.seen, shape->n_vocab);
    PAL_ASSERT(has_room);
    if (shape->family == PAL_GGUF_FAMILY_ZEPHYR) {
        add_list(&b, zephyr_firsts, PAL_COUNT_OF(zephyr_firsts));
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[3];
        (void)byte_name((unsigned char)byte, name);
        (void)add_token(&b, name, KIND_PLAIN);
    }
    add_words(&b, shape->n_plain_tokens);
    add_filler(&b, shape->n_plain_tokens);
    if (shape->family == PAL_GGUF_FAMILY_QWEN) {
        add_list(&b, qwen_specials, PAL_COUNT_OF(qwen_specials));
    } else if (shape->family == PAL_GGUF_FAMILY_LLAMA3) {
        add_list(&b, llama3_specials, PAL_COUNT_OF(llama3_specials));
    }
    while (vocab->n_tokens < shape->n_vocab) {
        char name[32];
        (void)snprintf(name, sizeof(name), "[PAD%zu]", vocab->n_tokens);
        (void)add_token(&b, name, KIND_UNUSED);
    }
    pal_text_set_finish(&b.seen);
    free(b.names);
}

void
pal_gguf_vocab_finish(struct pal_gguf_vocab *vocab)
{
    if (vocab != NULL) {
        pal_buf_finish(&vocab->tokens);
        pal_buf_finish(&vocab->merges);
        free(vocab->kinds);
        *vocab = (struct pal_gguf_vocab){0};
    }
}
