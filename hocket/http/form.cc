// SPDX-License-Identifier: MIT
// Receiving forms: their fields, and their files, in memory or on the disk.
#include <hocket/http/form.h>

#include <hocket/http/content_type_internal.h>
#include <hocket/http/errors.h>
#include <hocket/http/request.h>
#include <hocket/http/text.h>
#include <hocket/os/temporary.h>

#include <algorithm>
#include <initializer_list>

namespace hocket::http {

namespace {

[[noreturn]] void refuse(const std::string& why, int status = 400) { throw ProtocolError("read form: " + why, status); }

[[noreturn]] void refuse_fields(const FormOptions& options) {
    refuse("more than " + std::to_string(options.fields) + " bytes of fields", 413);
}

[[noreturn]] void refuse_files(const FormOptions& options) {
    refuse("more than " + std::to_string(options.files) + " files", 413);
}

// RFC 7578, 4.7: forms are not encoded so any more, and a file that is stored as it came would not be what it seems.
bool is_as_it_is(const Headers& headers) {
    const auto coding = headers.get("Content-Transfer-Encoding");
    if (!coding) return true;
    return std::ranges::any_of(std::initializer_list<std::string_view>{"binary", "8bit", "7bit"},
                               [&](std::string_view name) { return equal_without_case(*coding, name); });
}

void check_part(const BodyPart& part) {
    if (part.name().empty()) refuse("a part without a name");
    if (part.content_type().starts_with("multipart/"))
        refuse("the part " + in_quotes(part.name()) + " is multipart itself");
    if (!is_as_it_is(part.headers())) refuse("the part " + in_quotes(part.name()) + " has a Content-Transfer-Encoding");
}

class FormReader {
public:
    explicit FormReader(FormOptions options) : options_(std::move(options)), memory_(options_.memory) {}

    Coro<Form> read(MultipartReader reader) {
        while (const auto part = co_await reader.next()) {
            check_part(*part);
            if (part->filename()) {
                if (form_.files.size() == options_.files) refuse_files(options_);
                UploadedFile file = co_await read_file(*part);
                form_.files.push_back(std::move(file));
            } else {
                std::string value = co_await read_field(*part);
                form_.fields.emplace_back(part->name(), std::move(value));
            }
        }
        co_return std::move(form_);
    }

private:
    Coro<std::string> read_field(const BodyPart& part) {
        std::string value;
        while (const auto piece = co_await part.next()) {
            value += *piece;
            fields_ += piece->size();
            if (fields_ > options_.fields) refuse_fields(options_);
        }
        co_return value;
    }

    Coro<UploadedFile> read_file(const BodyPart& part) {
        fs::File file = co_await open();
        std::uint64_t size = 0;
        while (auto piece = co_await part.next()) {
            size += piece->size();
            co_await file.write(*std::move(piece));
        }
        co_await file.seek(0);
        if (size <= memory_) memory_ -= static_cast<std::size_t>(size);
        co_return UploadedFile{.name = part.name(),
                               .filename = *part.filename(),
                               .content_type = part.content_type(),
                               .headers = part.headers(),
                               .size = size,
                               .file = std::move(file)};
    }

    Coro<fs::File> open() const {
        fs::TemporaryOptions options{.dir = options_.dir, .max_size = memory_};
        if (memory_ == 0) co_return co_await fs::temporary_file(std::move(options));
        co_return co_await fs::spooled_temporary_file(std::move(options));
    }

    const FormOptions options_;
    std::size_t memory_;      // that files may still take
    std::size_t fields_ = 0;  // bytes
    Form form_;
};

}  // namespace

std::optional<std::string_view> Form::get(std::string_view name) const noexcept {
    for (const auto& [given, value] : fields) {
        if (given == name) return value;
    }
    return std::nullopt;
}

UploadedFile* Form::file(std::string_view name) noexcept {
    const auto found = std::ranges::find(files, name, &UploadedFile::name);
    return found == files.end() ? nullptr : &*found;
}

Coro<Form> Request::form(FormOptions options) {
    const std::string type = content_type_of(head_.headers);
    if (type == "multipart/form-data") {
        MultipartReader reader = multipart(options.multipart);
        FormReader form(std::move(options));
        co_return co_await form.read(std::move(reader));
    }
    if (type != "application/x-www-form-urlencoded") {
        throw HttpError(415, "the body is " + in_quotes(head_.headers.get("Content-Type").value_or("")) +
                                 ", not application/x-www-form-urlencoded or multipart/form-data");
    }
    const std::string text = co_await body();
    if (text.size() > options.fields) refuse_fields(options);
    const auto parts = static_cast<std::size_t>(std::ranges::count(text, '&')) + 1;
    if (parts > options.multipart.parts)
        refuse("more than " + std::to_string(options.multipart.parts) + " fields", 413);
    Form form;
    form.fields = parse_form(text);
    co_return form;
}

MultipartReader Request::multipart(const MultipartLimits& limits) {
    return {head_.headers, [this] { return next(); }, limits};
}

}  // namespace hocket::http
