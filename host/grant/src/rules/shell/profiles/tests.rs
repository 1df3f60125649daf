//! Profiles against the traps of the runbooks: what each lets through, and what it denies whatever else is allowed.

use std::path::Path;

use lockstep_model::EffectClass;
use lockstep_model::request::ShellRequest;

use super::{PROFILES, Rules};
use crate::Grant;
use crate::granted::{Decision, Grantable};
use crate::read::{Reader, Section};

/// The profiles `names` for `program`, behind `args`, and everything else of the program allowed.
fn wide(program: &str, names: &[&str], args: &[&str]) -> Grant {
    let any = format!("[[shell.allow]]\nprogram = {program:?}\nargs = [\"**\"]\n");
    Grant::parse(&(of(program, names, args) + &any), "e.toml", Path::new("/")).unwrap()
}

fn narrow(program: &str, names: &[&str], args: &[&str]) -> Grant {
    Grant::parse(&of(program, names, args), "e.toml", Path::new("/")).unwrap()
}

fn of(program: &str, names: &[&str], args: &[&str]) -> String {
    names.iter().map(|name| format!("[[shell.allow]]\nprofile = {name:?}\nprogram = {program:?}\nargs = {args:?}\n")).collect()
}

fn allowed(grant: &Grant, line: &str) -> Option<EffectClass> {
    let words: Vec<&str> = line.split(' ').collect();
    match ShellRequest::command(words[0], &words[1..]).decide(grant) {
        Decision::Allowed(granted) => Some(granted.class()),
        Decision::Denied(denial) => {
            assert!(!denial.message.is_empty());
            None
        }
    }
}

/// Denied by a profile's own deny, however wide the rest of the grant is.
fn check_denied(grant: &Grant, lines: &[&str]) {
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        match ShellRequest::command(words[0], &words[1..]).decide(grant) {
            Decision::Allowed(granted) => panic!("`{line}` is allowed by {}", granted.rule()),
            Decision::Denied(denial) => {
                let hint = denial.hint.as_deref().unwrap_or_default();
                assert!(denial.rule.contains(" deny[") && hint.contains("its profile denies it"), "`{line}`: {denial:?}");
            }
        }
    }
}

fn check_allowed(grant: &Grant, lines: &[&str]) {
    for line in lines {
        assert!(allowed(grant, line).is_some(), "`{line}` is not allowed");
    }
}

fn check_not_allowed(grant: &Grant, lines: &[&str]) {
    for line in lines {
        assert_eq!(allowed(grant, line), None, "`{line}` is allowed");
    }
}

#[test]
fn every_profile_is_sound_and_lets_something_through() {
    for profile in PROFILES {
        let reader = Reader::new(profile.text, profile.name, Path::new("/"));
        let document = reader.document();
        Section::root(&reader, document.get_ref(), super::KEYS);
        reader.finish().unwrap_or_else(|errors| panic!("{errors:?}"));
        let group = profile.name.split('/').nth(1).unwrap();
        let rules = Rules::of(profile);
        let listed = profile.text.matches(&format!("\n[[{group}]]\n")).count();
        assert_eq!(rules.allow(|_, _| ()).len(), listed, "{}", profile.name);
        assert!(listed > 0, "{}", profile.name);
        assert_eq!(rules.deny(|_, _| ()).len(), profile.text.matches("[[deny]]\n").count(), "{}", profile.name);
        let grant = narrow("/usr/bin/x", &[profile.name], &[]);
        assert!(grant.shell().allows_something(), "{}", profile.name);
    }
}

#[test]
fn no_rule_of_a_profile_has_a_mistake_in_it() {
    for profile in PROFILES {
        // As a grant file it would be: the same words, each list as `[[shell.allow]]` and `[[shell.deny]]` of some program.
        let mut text = String::new();
        for line in profile.text.lines() {
            match line.strip_prefix("[[") {
                Some("deny]]") => text.push_str("[[shell.deny]]\nprogram = \"/x\"\n"),
                Some(_) => text.push_str("[[shell.allow]]\nprogram = \"/x\"\n"),
                None => text.push_str(&format!("{line}\n")),
            }
        }
        Grant::parse(&text, profile.name, Path::new("/")).unwrap_or_else(|errors| panic!("{}: {errors:?}", profile.name));
    }
}

#[test]
fn t4_prisma_migrate_reset_is_denied_whatever_else_is_allowed() {
    let grant = wide("/usr/bin/npx", &["prisma/deploy", "prisma/status"], &["prisma"]);
    check_denied(
        &grant,
        &[
            "/usr/bin/npx prisma migrate reset",
            "/usr/bin/npx prisma migrate reset --force",
            "/usr/bin/npx prisma migrate dev",
            "/usr/bin/npx prisma db push --accept-data-loss",
            "/usr/bin/npx prisma migrate deploy --force",
        ],
    );
    let grant = narrow("/usr/bin/npx", &["prisma/deploy", "prisma/status"], &["prisma"]);
    check_allowed(&grant, &["/usr/bin/npx prisma migrate deploy", "/usr/bin/npx prisma migrate deploy --schema db/schema.prisma"]);
    assert_eq!(allowed(&grant, "/usr/bin/npx prisma migrate status"), Some(EffectClass::Read));
    check_not_allowed(&grant, &["/usr/bin/npx migrate deploy", "/usr/bin/npx evil", "/usr/bin/npx prisma migrate deploy --help"]);
}

#[test]
fn t7_git_pushes_one_tag_and_never_all() {
    let grant = wide("/usr/bin/git", &["git/tag", "git/release"], &[]);
    check_denied(
        &grant,
        &[
            "/usr/bin/git push origin --tags",
            "/usr/bin/git push --tag origin",
            "/usr/bin/git push --follow-tags origin main",
            "/usr/bin/git push -f origin main",
            "/usr/bin/git push -qf origin main",
            "/usr/bin/git push --force-with-lease=main origin main",
            "/usr/bin/git push origin +main",
            "/usr/bin/git push origin :main",
            "/usr/bin/git push --mirror origin",
            "/usr/bin/git clean -fdx",
            "/usr/bin/git reset --hard HEAD",
            "/usr/bin/git fetch ext::sh",
        ],
    );
    let grant = narrow("/usr/bin/git", &["git/tag"], &[]);
    check_allowed(&grant, &["/usr/bin/git tag -a v1 -m release", "/usr/bin/git tag v1 abc123", "/usr/bin/git push origin refs/tags/v1"]);
    check_not_allowed(
        &grant,
        &[
            "/usr/bin/git tag -f v1",
            "/usr/bin/git tag -d v1",
            "/usr/bin/git push origin refs/tags/v1:refs/heads/main",
            "/usr/bin/git push https://evil.example/x refs/tags/v1",
            "/usr/bin/git push /tmp/evil refs/tags/v1",
            "/usr/bin/git push origin v1",
        ],
    );
}

#[test]
fn git_reads_and_writes_no_file_by_an_option() {
    let grant = narrow("/usr/bin/git", &["git/read"], &[]);
    for line in ["/usr/bin/git status --porcelain", "/usr/bin/git log --oneline -n 5", "/usr/bin/git tag -l v1*", "/usr/bin/git rev-parse HEAD"] {
        assert_eq!(allowed(&grant, line), Some(EffectClass::Read), "{line}");
    }
    check_not_allowed(
        &grant,
        &[
            "/usr/bin/git log --output=/etc/passwd",
            "/usr/bin/git log --outpu=x",
            "/usr/bin/git -c core.pager=evil log",
            "/usr/bin/git diff --ext-diff",
            "/usr/bin/git tag -l -d v1",
            "/usr/bin/git ls-remote --upload-pack=evil origin",
            "/usr/bin/git log -n",
        ],
    );
}

#[test]
fn t14_what_never_ends_is_not_followed() {
    check_denied(&wide("/usr/bin/docker", &["docker/read"], &[]), &["/usr/bin/docker logs -f app", "/usr/bin/docker logs --tail=5 --follow app"]);
    let compose = wide("/usr/bin/docker", &["docker-compose/read"], &["compose", "-f", "/srv/compose.yml"]);
    check_denied(&compose, &["/usr/bin/docker compose -f /srv/compose.yml logs -f app", "/usr/bin/docker compose -f /srv/compose.yml logs --foll app"]);
    check_denied(&wide("/k", &["kubectl/read"], &[]), &["/k logs -f deployment/app", "/k logs --follow=true app", "/k get pods -w"]);
    check_denied(&wide("/r", &["redis-cli/read"], &[]), &["/r monitor", "/r MONITOR", "/r --stat"]);
    check_allowed(&narrow("/k", &["kubectl/read"], &[]), &["/k logs --tail=100 -l app=web", "/k get pods -n prod -o json"]);
    check_not_allowed(&narrow("/usr/bin/docker", &["docker/read"], &[]), &["/usr/bin/docker stats"]);
}

#[test]
fn t16_an_image_is_set_without_replicas_and_without_record() {
    let grant = wide("/k", &["kubectl/release"], &["--context", "prod"]);
    check_denied(
        &grant,
        &[
            "/k --context prod set image deployment/app app=x:2 --replicas=1",
            "/k --context prod set image deployment/app app=x:2 --record",
            "/k --context prod delete namespace prod",
            "/k --context prod apply -f x.yml --prune",
        ],
    );
    let grant = narrow("/k", &["kubectl/release"], &["--context", "prod"]);
    check_allowed(&grant, &["/k --context prod set image deployment/app app=x:2 -n shop", "/k --context prod scale deployment/app --replicas=3"]);
    check_not_allowed(&grant, &["/k --context other set image deployment/app app=x:2", "/k --context prod scale deployment/app --kubeconfig=x"]);
}

#[test]
fn t20_redis_is_not_flushed_in_any_case_of_letters() {
    check_denied(
        &wide("/r", &["redis-cli/read"], &[]),
        &["/r FLUSHDB", "/r -h cache flushall", "/r FlushDb async", "/r -u redis://x FLUSHDB", "/r --eval x.lua"],
    );
    check_allowed(&narrow("/r", &["redis-cli/read"], &[]), &["/r ping", "/r -h cache -p 6380 info memory"]);
}

#[test]
fn t26_compose_never_takes_everything_down() {
    let grant = wide("/usr/bin/docker-compose", &["docker-compose/release"], &[]);
    check_denied(
        &grant,
        &["/usr/bin/docker-compose down", "/usr/bin/docker-compose down -v", "/usr/bin/docker-compose up -d --force-recreate", "/usr/bin/docker-compose rm -f"],
    );
    let grant = narrow("/usr/bin/docker-compose", &["docker-compose/release"], &[]);
    check_allowed(&grant, &["/usr/bin/docker-compose up -d --no-deps backend", "/usr/bin/docker-compose pull"]);
    check_not_allowed(&grant, &["/usr/bin/docker-compose up backend", "/usr/bin/docker-compose -f other.yml up -d", "/usr/bin/docker-compose up -d -V"]);
}

#[test]
fn a_way_back_by_alembic_never_goes_back_to_nothing() {
    let grant = wide("/a", &["alembic/downgrade", "alembic/upgrade"], &[]);
    check_denied(&grant, &["/a downgrade base", "/a downgrade BASE", "/a stamp head"]);
    assert_eq!(allowed(&grant, "/a upgrade head"), Some(EffectClass::Idempotent));
    assert_eq!(allowed(&narrow("/a", &["alembic/downgrade"], &[]), "/a downgrade -1"), Some(EffectClass::AtMostOnce));
}

#[test]
fn a_way_back_by_sqlx_never_drops_a_database_nor_goes_back_to_nothing() {
    let grant = wide("/c", &["sqlx/run", "sqlx/revert", "sqlx/status"], &["sqlx"]);
    check_denied(
        &grant,
        &[
            "/c sqlx database drop -y",
            "/c sqlx db reset -y",
            "/c sqlx --no-dotenv DB DROP -f",
            "/c sqlx migrate revert --target-version 0",
            "/c sqlx migrate revert --target-version=0",
            "/c sqlx migrate revert --target-version 00",
            "/c sqlx migrate run -D postgres://me:geheim@db/shop",
            "/c sqlx migrate run --database-url=postgres://me:geheim@db/shop",
        ],
    );
    let grant = narrow("/s", &["sqlx/run", "sqlx/revert", "sqlx/status"], &[]);
    for (line, class) in [
        ("/s migrate info --source db/migrations", EffectClass::Read),
        ("/s migrate run --dry-run", EffectClass::Read),
        ("/s migrate run --source=db/migrations --target-version 20240102000000", EffectClass::Idempotent),
        ("/s migrate revert --target-version 20240101000000", EffectClass::Idempotent),
        ("/s migrate revert", EffectClass::AtMostOnce),
    ] {
        assert_eq!(allowed(&grant, line), Some(class), "{line}");
    }
    check_not_allowed(
        &grant,
        &["/s migrate run --ignore-missing", "/s migrate revert --target-version 0", "/s migrate add x", "/s database create", "/s prepare"],
    );
}

#[test]
fn flyway_never_cleans_wherever_the_word_stands() {
    let grant = wide("/f", &["flyway/migrate", "flyway/undo", "flyway/status"], &["-configFiles=/srv/app/flyway.toml"]);
    let denied = [
        "clean",
        "migrate clean",
        "CLEAN migrate",
        "-cleanDisabled=false clean",
        "-cleanOnValidationError=true migrate",
        "-flyway.cleanDisabled=false migrate",
        "repair",
        "baseline",
        "-baselineOnMigrate=true migrate",
        "migrate -password=geheim",
    ];
    check_denied(&grant, &denied.map(|words| format!("/f -configFiles=/srv/app/flyway.toml {words}")).iter().map(String::as_str).collect::<Vec<_>>());
    let grant = narrow("/f", &["flyway/migrate", "flyway/undo", "flyway/status"], &[]);
    for (line, class) in [
        ("/f info -outputType=json", EffectClass::Read),
        ("/f validate", EffectClass::Read),
        ("/f -environment=production migrate -target=42", EffectClass::Idempotent),
        ("/f undo -target=41", EffectClass::Idempotent),
        ("/f undo", EffectClass::AtMostOnce),
    ] {
        assert_eq!(allowed(&grant, line), Some(class), "{line}");
    }
    check_not_allowed(
        &grant,
        &["/f migrate info", "/f migrate -configFiles=/tmp/evil.toml", "/f migrate -jarDirs=/tmp", "/f migrate -url=jdbc:evil", "/f migrate -callbacks=Evil"],
    );
}

#[test]
fn a_dump_shows_no_password_and_drops_nothing() {
    check_denied(&wide("/d", &["pg_dump/dump"], &[]), &["/d --clean shop", "/d --cl shop", "/d -W shop"]);
    check_denied(&wide("/d", &["mysqldump/dump"], &[]), &["/d -pgeheim shop", "/d --password=geheim shop", "/d --pass=geheim shop"]);
    assert_eq!(allowed(&narrow("/d", &["pg_dump/dump"], &[]), "/d -h db -Fc --no-owner shop"), Some(EffectClass::Read));
    check_allowed(&narrow("/d", &["mysqldump/dump"], &[]), &["/d --single-transaction --routines shop"]);
}

#[test]
fn a_profile_leaves_no_word_of_its_own_to_the_operator_and_its_name_is_known() {
    let refused = |more: &str| {
        let text = format!("[[shell.allow]]\nprogram = \"/usr/bin/git\"\n{more}\n");
        Grant::parse(&text, "e.toml", Path::new("/")).unwrap_err().problems[0].clone()
    };
    assert!(refused("profile = \"git/reed\"").hint.unwrap().contains("git/read"));
    assert!(refused("profile = \"git/read\"\nclass = \"read\"").message.contains("the profile says that"));
    assert!(refused("profile = \"git/read\"\nnever = [\"--x\"]").message.contains("the profile says that"));
    assert!(refused("profile = \"git/read\"\nargs = [\"**\"]").message.contains("before its own"));
    assert_eq!(Grant::parse("[[shell.allow]]\nprofile = \"git/read\"\n", "e.toml", Path::new("/")).unwrap_err().problems[0].line, 1);
}
