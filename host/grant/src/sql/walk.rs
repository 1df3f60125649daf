//! Goes through a parsed statement, every part of it, and says what it does. A kind of statement that is not named here is refused.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, CreateTable, Delete, Expr, Ident, Insert, ObjectName, Query, Select, Statement, TableFactor,
    TableObject, Update, Value, ValueWithSpan, Visit, Visitor, visit_expressions,
};

use super::functions::{self, Known};
use super::{Engine, SqlError, StatementClass};

/// What a statement does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) class: StatementClass,
    pub(super) changes_schema: bool,
    pub(super) returns_rows: bool,
    pub(super) reaches_beyond: bool,
}

pub(super) fn walk(engine: Engine, statement: &Statement, trusted: &[String]) -> Result<Found, SqlError> {
    let found = Found { class: StatementClass::Read, changes_schema: false, returns_rows: returns_rows(statement), reaches_beyond: false };
    let mut walk = Walk { engine, trusted, found };
    match statement.visit(&mut walk) {
        ControlFlow::Continue(()) => Ok(walk.found),
        ControlFlow::Break(error) => Err(error),
    }
}

fn returns_rows(statement: &Statement) -> bool {
    let silent = matches!(
        statement,
        Statement::Insert(Insert { returning: None, .. })
            | Statement::Update(Update { returning: None, .. })
            | Statement::Delete(Delete { returning: None, .. })
    );
    !silent
}

struct Walk<'a> {
    engine: Engine,
    trusted: &'a [String],
    found: Found,
}

type Flow = ControlFlow<SqlError>;

const GO_ON: Flow = ControlFlow::Continue(());

fn refuse(what: impl Into<String>) -> Flow {
    ControlFlow::Break(SqlError::Refused(what.into()))
}

impl Walk<'_> {
    fn does(&mut self, class: StatementClass) -> Flow {
        self.found.class = self.found.class.max(class);
        GO_ON
    }

    fn changes_schema(&mut self, class: StatementClass) -> Flow {
        self.found.changes_schema = true;
        self.does(class)
    }

    fn function(&mut self, name: &ObjectName) -> Flow {
        let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        let Some(parts) = parts else { return refuse("a function whose name is computed is not allowed") };
        let said = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        if self.trusted.iter().any(|trusted| trusted.eq_ignore_ascii_case(&said)) {
            self.found.reaches_beyond = true;
            return GO_ON;
        }
        let known = match parts.as_slice() {
            [own] => functions::known(self.engine, &own.value),
            [schema, own] if self.engine == Engine::Postgresql && schema.value.eq_ignore_ascii_case("pg_catalog") => functions::known(self.engine, &own.value),
            _ => None,
        };
        match known {
            Some(Known::Harmless) => GO_ON,
            Some(Known::Writes) => {
                self.found.reaches_beyond = true;
                self.does(StatementClass::Write)
            }
            None => ControlFlow::Break(SqlError::Function(format!("`{}`", said.chars().take(100).collect::<String>()))),
        }
    }

    fn insert(&mut self, insert: &Insert) -> Flow {
        match &insert.table {
            TableObject::TableName(_) => {}
            _ => return refuse("an insert into anything but a table is not allowed"),
        }
        if insert.overwrite { self.does(StatementClass::Destructive) } else { self.does(StatementClass::Write) }
    }

    /// What concerns all rows is destructive, and so is a condition that no row has a say in: `WHERE 1 = 1`.
    fn narrowed(&mut self, condition: Option<&Expr>) -> Flow {
        let looks_at_a_row = condition.is_some_and(|condition| {
            visit_expressions(condition, |expr| match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            })
            .is_break()
        });
        self.does(if looks_at_a_row { StatementClass::Write } else { StatementClass::Destructive })
    }

    fn create_table(&mut self, table: &CreateTable) -> Flow {
        if table.temporary || table.volatile {
            return refuse("a temporary table is not allowed: connections are not a run's own, and it would be there or not by chance");
        }
        self.changes_schema(if table.or_replace { StatementClass::Destructive } else { StatementClass::Ddl })
    }

    fn alter_table(&mut self, alter: &AlterTable) -> Flow {
        let narrows = |operation: &AlterTableOperation| match operation {
            AlterTableOperation::AddConstraint { .. }
            | AlterTableOperation::AddColumn { .. }
            | AlterTableOperation::RenameColumn { .. }
            | AlterTableOperation::RenameTable { .. }
            | AlterTableOperation::RenameConstraint { .. }
            | AlterTableOperation::ValidateConstraint { .. }
            | AlterTableOperation::EnableRowLevelSecurity => false,
            AlterTableOperation::AlterColumn { op, .. } => match op {
                AlterColumnOperation::SetNotNull
                | AlterColumnOperation::DropNotNull
                | AlterColumnOperation::SetDefault { .. }
                | AlterColumnOperation::DropDefault
                | AlterColumnOperation::AddGenerated { .. } => false,
                AlterColumnOperation::SetDataType { .. } => true,
            },
            _ => true,
        };
        let class = if alter.operations.iter().any(narrows) { StatementClass::Destructive } else { StatementClass::Ddl };
        self.changes_schema(class)
    }
}

impl Visitor for Walk<'_> {
    type Break = SqlError;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Flow {
        match statement {
            // What is explained may be run as well (`ANALYZE`): it counts as what it explains, which is visited next.
            Statement::Query(_) | Statement::Explain { .. } => GO_ON,
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(Update { selection, .. }) | Statement::Delete(Delete { selection, .. }) => self.narrowed(selection.as_ref()),
            Statement::Merge(_) => self.does(StatementClass::Write),
            Statement::CreateTable(table) => self.create_table(table),
            Statement::CreateView(view) if view.temporary => refuse("a temporary view is not allowed: connections are not a run's own"),
            Statement::CreateSequence { temporary: true, .. } => refuse("a temporary sequence is not allowed: connections are not a run's own"),
            Statement::CreateView(_)
            | Statement::CreateIndex(_)
            | Statement::CreateSchema { .. }
            | Statement::CreateSequence { .. }
            | Statement::CreateType { .. }
            | Statement::CreateDomain(_)
            | Statement::Comment { .. }
            | Statement::RenameTable(_)
            | Statement::AlterIndex { .. }
            | Statement::AlterView { .. }
            | Statement::AlterType(_) => self.changes_schema(StatementClass::Ddl),
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::Truncate(_)
            | Statement::Drop { .. }
            | Statement::DropFunction(_)
            | Statement::DropDomain(_)
            | Statement::DropProcedure { .. }
            | Statement::DropTrigger(_)
            | Statement::DropPolicy(_) => self.changes_schema(StatementClass::Destructive),
            other => {
                let shown = other.to_string();
                let word = shown.split_whitespace().next().unwrap_or("this").chars().take(20).collect::<String>();
                refuse(format!("a statement that begins with `{word}` is not one that a grant can allow"))
            }
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        if query.settings.is_some() || query.format_clause.is_some() || query.for_clause.is_some() || !query.pipe_operators.is_empty() {
            return refuse("the statement has a clause that its engine does not have");
        }
        // A lock holds others up, and a read-only transaction has none.
        if query.locks.is_empty() { GO_ON } else { self.does(StatementClass::Write) }
    }

    fn pre_visit_select(&mut self, select: &Select) -> Flow {
        if select.into.is_some() {
            return refuse("`SELECT … INTO` is not allowed: it makes a table, a file or a variable");
        }
        GO_ON
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Flow {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => self.function(name),
            TableFactor::Table { args: None, .. }
            | TableFactor::Derived { .. }
            | TableFactor::TableFunction { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::JsonTable { .. }
            | TableFactor::NestedJoin { .. } => GO_ON,
            _ => refuse("the statement reads from something that is neither a table, a query nor a function"),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        match expr {
            Expr::Function(function) => self.function(&function.name),
            Expr::Lambda(_) => refuse("the statement has an expression that its engine does not have"),
            _ => GO_ON,
        }
    }

    fn pre_visit_ident(&mut self, ident: &Ident) -> Flow {
        if ident.quote_style.is_none() && ident.value.starts_with('@') {
            return refuse("a variable of the session is not allowed: connections are not a run's own");
        }
        GO_ON
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> Flow {
        match &value.value {
            Value::Placeholder(text) if !text.starts_with(['$', '?']) => refuse(format!("placeholder `{text}`: write `$1` to `$64`, whatever the engine")),
            _ => GO_ON,
        }
    }
}
