//! From the statement to the contract.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::sql::sqlparser::ast::{self, ColumnOption, CreateTable, Expr, Statement, TableConstraint, Visit, visit_expressions};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, SourceText, Span, codes, suggest};
use nightshift_project::{Definition, Load, SourceHeader};

use super::{Check, Column, Contract, header, tokens, types};

/// Reads a contract and finds all that is wrong with it.
pub(super) fn contract(definition: &Definition<SourceHeader>, zone: Tz) -> Result<Contract, Diagnostics> {
    let file = &definition.text;
    let tokens = tokens::tokenize(file).map_err(Diagnostics::from)?;
    let table = create_table(definition, &tokens).map_err(Diagnostics::from)?;
    let mut reader = Reader { definition, file, tokens: &tokens, zone, problems: Diagnostics::new() };
    let contract = reader.read(&table);
    let mut problems = reader.problems;
    if definition.header_is_sound {
        problems.extend(header::check(&contract, definition));
    }
    if problems.has_errors() { Err(problems.sorted()) } else { Ok(contract) }
}

/// The one statement of the file, which must be a `CREATE TABLE` of the file's name.
fn create_table(definition: &Definition<SourceHeader>, tokens: &[TokenWithSpan]) -> Result<CreateTable, Diagnostic> {
    let file = &definition.text;
    let parsed = Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens.to_vec()).parse_statements();
    let statements = parsed.map_err(|error| tokens::syntax_error(file, &error, tokens))?;
    let mut statements = statements.into_iter();
    let Some(statement) = statements.next() else {
        let message = "a source needs one CREATE TABLE statement; this file has none";
        return Err(Diagnostic::error(codes::STATEMENT_COUNT, message).at(file.end()));
    };
    if statements.next().is_some() {
        let place = tokens::second_statement(tokens).map_or_else(|| file.end(), |span| Location::new(file, span));
        return Err(Diagnostic::error(codes::STATEMENT_COUNT, "a source is exactly one CREATE TABLE statement")
            .at(place)
            .label("a second statement starts here")
            .hint("give every source a file of its own"));
    }
    let start = tokens::first_statement(tokens).map_or_else(|| file.first_line(), |span| Location::new(file, span));
    let Statement::CreateTable(table) = statement else {
        return Err(Diagnostic::error(codes::NOT_A_CONTRACT, "a source is defined by CREATE TABLE, not by this statement")
            .at(start)
            .hint(format!("write CREATE TABLE {} (…)", definition.name)));
    };
    if let Some(extra) = more_than_columns(&table) {
        return Err(Diagnostic::error(codes::UNSUPPORTED_SQL, format!("a source's CREATE TABLE cannot have {extra}"))
            .at(start)
            .hint("keep the column list with NOT NULL, CHECK and PRIMARY KEY; all else stands in the header"));
    }
    Ok(table)
}

fn more_than_columns(table: &CreateTable) -> Option<&'static str> {
    let found = [
        (table.query.is_some(), "AS SELECT"),
        (table.like.is_some(), "LIKE"),
        (table.or_replace, "OR REPLACE"),
        (table.temporary, "TEMPORARY"),
        (table.external, "EXTERNAL"),
        (table.if_not_exists, "IF NOT EXISTS"),
        (table.partition_by.is_some(), "PARTITION BY"),
        (table.location.is_some(), "LOCATION"),
        (table.inherits.is_some(), "INHERITS"),
    ];
    found.into_iter().find_map(|(present, what)| present.then_some(what))
}

struct Reader<'a> {
    definition: &'a Definition<SourceHeader>,
    file: &'a Arc<SourceText>,
    tokens: &'a [TokenWithSpan],
    zone: Tz,
    problems: Diagnostics,
}

impl Reader<'_> {
    fn read(&mut self, table: &CreateTable) -> Contract {
        self.check_name(table);
        let mut contract = Contract {
            name: self.definition.name.clone(),
            header: self.definition.header.clone(),
            text: Arc::clone(self.file),
            columns: Vec::with_capacity(table.columns.len()),
            checks: Vec::new(),
            primary_key: Vec::new(),
            local_time: BTreeSet::new(),
            zone: self.zone,
        };
        if table.columns.is_empty() {
            let message = "a source needs at least one column";
            self.problems.push(Diagnostic::error(codes::NOT_A_CONTRACT, message).at(self.file.end()));
        }
        for column in &table.columns {
            self.read_column(&mut contract, column);
        }
        for constraint in &table.constraints {
            self.read_constraint(&mut contract, constraint);
        }
        self.check_expressions(table, &contract);
        contract.checks.extend(tokens::checks(self.file, self.tokens));
        contract.checks.sort_by_key(|check| check.span.start);
        // What is part of the primary key is never NULL, as everywhere in SQL.
        for name in contract.primary_key.clone() {
            if let Some(column) = contract.columns.iter_mut().find(|column| column.name == name) {
                column.nullable = false;
            }
        }
        contract
    }

    fn error(&mut self, span: Span, code: nightshift_diagnostic::Code, message: impl Into<String>, hint: Option<String>) {
        self.problems.push(Diagnostic::error(code, message).at(Location::new(self.file, span)).maybe_hint(hint));
    }

    fn check_name(&mut self, table: &CreateTable) {
        let parts: Vec<_> = table.name.0.iter().filter_map(|part| part.as_ident()).collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
        let written = parts.iter().map(|part| tokens::name(part)).collect::<Vec<_>>().join(".");
        if written != self.definition.name {
            let span = tokens::span(first.span).union(tokens::span(last.span));
            let message = format!("the file is called `{}`, but the table `{written}`", self.definition.name);
            let hint = format!("write CREATE TABLE {}, or rename the file", self.definition.name);
            self.error(span, codes::NOT_A_CONTRACT, message, Some(hint));
        }
    }

    fn read_column(&mut self, contract: &mut Contract, column: &ast::ColumnDef) {
        let name = tokens::name(&column.name);
        let span = tokens::span(column.name.span);
        if contract.column(&name).is_some() {
            self.error(span, codes::DUPLICATE_COLUMN, format!("the column `{name}` stands here twice"), Some("take one of them out".to_owned()));
            return;
        }
        if name.starts_with('_') {
            let hint = "names that start with an underscore belong to Nightshift".to_owned();
            self.error(span, codes::INVALID_NAME, format!("a column of a source cannot be called `{name}`"), Some(hint));
        }
        let mapped = types::map(&column.data_type, self.zone).unwrap_or_else(|refused| {
            let place = tokens::type_span(self.tokens, &column.name);
            self.error(place, codes::UNKNOWN_TYPE, refused.message, Some(refused.hint));
            types::Mapped { data_type: datafusion::arrow::datatypes::DataType::Null, local_time: false, length: None }
        });
        if mapped.local_time {
            contract.local_time.insert(name.clone());
        }
        if let Some(length) = mapped.length {
            let place = tokens::type_span(self.tokens, &column.name);
            let sql = format!("character_length(\"{name}\") <= {length}");
            contract.checks.push(Check { name: None, sql, span: place });
        }
        let nullable = self.read_options(contract, &name, column);
        let documented = self.definition.header.columns.get(&name);
        contract.columns.push(Column {
            personal: self.definition.header.personal.contains(&name),
            description: documented.and_then(|documented| documented.description.clone()),
            unit: documented.and_then(|documented| documented.unit.clone()),
            data_type: mapped.data_type,
            name,
            nullable,
            span,
        });
    }

    /// Whether the column may be NULL, after all that follows its type.
    fn read_options(&mut self, contract: &mut Contract, name: &str, column: &ast::ColumnDef) -> bool {
        let mut nullable = true;
        for option in &column.options {
            match &option.option {
                ColumnOption::Null => {}
                ColumnOption::NotNull => nullable = false,
                ColumnOption::Check(check) if check.enforced != Some(false) => {}
                ColumnOption::PrimaryKey(_) if contract.primary_key.is_empty() => contract.primary_key.push(name.to_owned()),
                ColumnOption::PrimaryKey(_) => self.second_primary_key(tokens::span(column.name.span)),
                other => {
                    let word = other.to_string();
                    let message = format!("`{word}` is not supported in a source's contract");
                    let hint = "NOT NULL, CHECK and PRIMARY KEY are".to_owned();
                    self.error(tokens::span(column.name.span), codes::UNSUPPORTED_SQL, message, Some(hint));
                }
            }
        }
        nullable
    }

    fn second_primary_key(&mut self, span: Span) {
        let hint = "for a key of several columns write PRIMARY KEY (a, b) after the last column".to_owned();
        self.error(span, codes::UNSUPPORTED_SQL, "a table has only one primary key", Some(hint));
    }

    fn read_constraint(&mut self, contract: &mut Contract, constraint: &TableConstraint) {
        let whole = tokens::span(ast::Spanned::span(constraint));
        match constraint {
            TableConstraint::Check(check) if check.enforced != Some(false) => {}
            TableConstraint::PrimaryKey(_) if !contract.primary_key.is_empty() => self.second_primary_key(whole),
            TableConstraint::PrimaryKey(key) => {
                for column in &key.columns {
                    let Expr::Identifier(identifier) = &column.column.expr else { continue };
                    let name = tokens::name(identifier);
                    let span = tokens::span(identifier.span);
                    if contract.column(&name).is_none() {
                        self.unknown_column(contract, &name, span);
                    } else if contract.primary_key.contains(&name) {
                        self.error(span, codes::DUPLICATE_VALUE, format!("`{name}` stands in the key twice"), None);
                    } else {
                        contract.primary_key.push(name);
                    }
                }
            }
            other => {
                let message = format!("`{other}` is not supported in a source's contract");
                let hint = "PRIMARY KEY and CHECK are".to_owned();
                self.error(whole, codes::UNSUPPORTED_SQL, message, Some(hint));
            }
        }
    }

    fn unknown_column(&mut self, contract: &Contract, name: &str, span: Span) {
        let hint = suggest(name, contract.columns.iter().map(|column| column.name.as_str()));
        self.error(span, codes::UNKNOWN_COLUMN, format!("the table has no column `{name}`"), hint);
    }

    /// Every column that a `CHECK` names must be there.
    fn check_expressions(&mut self, table: &CreateTable, contract: &Contract) {
        let of_columns = table.columns.iter().flat_map(|column| &column.options).filter_map(|option| match &option.option {
            ColumnOption::Check(check) => Some(&*check.expr),
            _ => None,
        });
        let of_table = table.constraints.iter().filter_map(|constraint| match constraint {
            TableConstraint::Check(check) => Some(&*check.expr),
            _ => None,
        });
        for expression in of_columns.chain(of_table) {
            for identifier in identifiers(expression) {
                let name = tokens::name(&identifier);
                if contract.column(&name).is_none() {
                    self.unknown_column(contract, &name, tokens::span(identifier.span));
                }
            }
        }
    }
}

/// The columns that an expression names.
pub(super) fn identifiers(expression: &impl Visit) -> Vec<ast::Ident> {
    let mut found = Vec::new();
    let _: ControlFlow<()> = visit_expressions(expression, |part| {
        match part {
            Expr::Identifier(identifier) => found.push(identifier.clone()),
            Expr::CompoundIdentifier(parts) => found.extend(parts.last().cloned()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    found
}

/// Parses one expression that stands in the header; where it fails, says why and where in the expression.
pub(super) fn expression(sql: &str) -> Result<Expr, (String, Option<Span>)> {
    let parse = || {
        let mut parser = Parser::new(&GenericDialect {}).try_with_sql(sql)?;
        let expression = parser.parse_expr()?;
        match parser.peek_token() {
            token if token.token == Token::EOF => Ok(expression),
            token => parser.expected("the end of the expression", token),
        }
    };
    parse().map_err(|error| tokens::message_and_place(&error))
}

/// Whether the source is loaded by key.
pub(super) fn upsert(header: &SourceHeader) -> Option<(&[String], &str, Option<&str>)> {
    match &header.load {
        Load::Upsert { key, watermark, delete_when } => Some((key, watermark, delete_when.as_deref())),
        Load::Append | Load::Full => None,
    }
}
