// The files of training runs.
#include <fmt/format.h>

#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

// Where the bytes are to be sent, and with what: here, as the one who describes them.
Json upload_json(const Call& call, const Json& file) {
  const bool is_secure = !call.services.options.tls_certificate.empty();
  return {{"method", "PUT"},
          {"url",
           fmt::format("{}://{}/v1/training_runs/{}/files/{}/content", is_secure ? "https" : "http",
                       call.request.header("host"), call.ids[0], file["id"].get<std::string>())},
          {"headers",
           {{"Authorization", call.request.header("authorization")},
            {"Content-Type", "application/octet-stream"}}}};
}

}  // namespace

Answer create_file(Call& call) {
  const Fields fields(call.body,
                      {"name", "filename", "content_type", "content_length", "content_md5"});
  const auto length = fields.whole("content_length");
  const auto most = static_cast<std::int64_t>(call.services.options.max_body_bytes);
  if (length > most)
    throw InputError(
        fmt::format("body: content_length: a file can have {} bytes, not {}", most, length));
  Json file = call.services.runs.add_file(
      call.ids[0],
      {.name = fields.text("name", ""),
       .filename = fields.text("filename", ""),
       .content_type = fields.text("content_type", "application/octet-stream"),
       .content_length = static_cast<std::size_t>(std::max<std::int64_t>(length, 0)),
       .content_md5 = fields.text("content_md5")},
      call.also());
  file["upload"] = upload_json(call, file);
  return {200, file};
}

Answer list_files(Call& call) {
  require_known_query(call.query, paging_parameters());
  const auto files = call.services.runs.files(call.ids[0]);
  std::vector<PageRow> rows;
  for (const auto& file : files)
    rows.push_back({file.id, [&] { return call.services.runs.file(call.ids[0], file.id); }});
  return {200, paginate(rows, call.query)};
}

Answer get_file(Call& call) {
  require_known_query(call.query, {"fields"});
  Json file = call.services.runs.file(call.ids[0], call.ids[1]);
  // Also what a POST that is repeated is answered with, so that its client can go on.
  if (call.access.may_write) file["upload"] = upload_json(call, file);
  return {200, select_fields(std::move(file), call.query)};
}

Answer keep_file_content(Call& call) {
  require_known_query(call.query, {});
  return {200, call.services.runs.keep_content(call.ids[0], call.ids[1], call.request.body)};
}

Answer get_file_content(Call& call) {
  require_known_query(call.query, {});
  return {.bytes = call.services.runs.content(call.ids[0], call.ids[1])};
}

}  // namespace frugal::serve
